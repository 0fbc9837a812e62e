-- Two items that must name different things name the same.
SELECT _line AS line, {item} AS value
FROM {delta} AS delta
WHERE {item} = {other}
