-- Staged rows whose cell of one item got one verdict, with the text as it was read. A deletion needs its key only, whatever its other cells hold.
SELECT
    _line AS line,
    coalesce(json_extract_string(_raw, $path), CAST({item} AS VARCHAR)) AS value
FROM :rows
WHERE _op <> 'D' AND json_extract_string(_verdicts, $path) = $reason
ORDER BY _line
