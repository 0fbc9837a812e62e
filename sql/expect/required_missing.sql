-- A required item without a value. A value that arrived masked is no claim, and no fault of the row.
SELECT _line AS line, _raw ->> {item_name} AS value
FROM {delta} AS delta
WHERE {item} IS NULL AND coalesce(_verdicts ->> {item_name}, '') <> 'masked'
