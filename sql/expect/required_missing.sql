-- A required item that came without a value. Where a verdict took the value away the verdict speaks (masked: no claim, no fault of the row).
SELECT _line AS line, _raw ->> {item_name} AS value
FROM {delta} AS delta
WHERE {item} IS NULL AND _verdicts ->> {item_name} IS NULL
