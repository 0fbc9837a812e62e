-- Rows of a snapshot whose hashes another engine made: hashed anew, tombstones as deletions. Items that the files do not know are null.
SELECT * REPLACE ({hash} AS _hash)
FROM (SELECT {items} FROM staged WHERE false UNION ALL BY NAME SELECT * FROM :rows)
