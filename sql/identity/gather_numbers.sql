-- Further numbers that a member's rows give for a key: registration numbers of before 2015 and the like.
INSERT INTO number
SELECT DISTINCT row.{on}, {kind}, row.{item} FROM {source} AS row
WHERE row.{on} IS NOT NULL AND row.{item} IS NOT NULL;
