-- The newest row of every key: what the latest layer says, else the base.
SELECT base.* FROM (:base) AS base ANTI JOIN (SELECT {key} FROM (:layers) AS named) AS over USING ({key})
UNION ALL BY NAME
SELECT * EXCLUDE (_layer, _rank)
FROM (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY _layer DESC) AS _rank FROM (:layers) AS layer) AS ranked
WHERE _rank = 1
