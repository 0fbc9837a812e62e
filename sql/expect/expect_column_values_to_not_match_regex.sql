SELECT _line AS line, {column}::text AS value
FROM {delta} AS delta
WHERE {column} ~ {regex}
