-- The delta with its rows: items of the new version, the bucket it goes to, and where the old version lies.
SELECT
    {items}, changed._key, changed._change, new._line, new._raw, new._verdicts, new._hash, changed._old_bucket,
    CASE WHEN changed._change = 'D' THEN changed._old_bucket ELSE {bucket} END AS _bucket{links}
FROM ({changed}) AS changed LEFT JOIN new ON changed._key = new._key AND changed._change <> 'D'
