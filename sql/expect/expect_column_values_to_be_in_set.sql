SELECT _line AS line, {column}::text AS value
FROM {delta} AS delta
WHERE {column}::text <> ALL ({value_set}::text[])
