-- The newest row of every key within its bucket: what the latest layer says, else the base. A bucket's number is the last in its files' names.
SELECT *
FROM (SELECT *, row_number() OVER (PARTITION BY _home, {key} ORDER BY _layer DESC) AS _rank FROM files)
WHERE _rank = 1
