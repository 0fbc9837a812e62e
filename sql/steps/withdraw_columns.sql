-- Staged rows without the values of some columns: the items null, their texts as read kept, and the verdict of every cell that held anything.
SELECT * EXCLUDE (_hash) REPLACE (
    {nulls},
    nullif(CAST(json_merge_patch(coalesce(_raw, '{{}}'), json_object({texts})) AS VARCHAR), '{{}}') AS _raw,
    nullif(CAST(json_merge_patch(coalesce(_verdicts, '{{}}'), json_object({verdicts})) AS VARCHAR), '{{}}') AS _verdicts
)
FROM staged_rows
