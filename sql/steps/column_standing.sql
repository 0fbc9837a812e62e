-- Of one item's cells in the staged rows: how many hold a value, and how many got a verdict that says they are not of its type.
SELECT
    count({item}) AS usable,
    count(*) FILTER (WHERE list_contains($reasons, json_extract_string(_verdicts, $path))) AS unusable
FROM :rows
WHERE _op <> 'D'
