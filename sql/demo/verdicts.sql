-- Every verdict of a batch's standardised rows: line, item, reason.
SELECT _line AS line, verdict.key AS item, json_extract_string(verdict.value, '$') AS reason
FROM :rows AS staged, json_each(staged._verdicts) AS verdict
WHERE staged._verdicts IS NOT NULL
