SELECT line, value
FROM (
    SELECT _line AS line, {column}::text AS value, count(*) OVER (PARTITION BY {column}) AS times
    FROM {delta} AS delta
    WHERE {column} IS NOT NULL
) AS counted
WHERE times > 1
