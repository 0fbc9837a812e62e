-- Likely pairs as proposals. Two whom the register itself holds under different names are two (twins): only rules may doubt that.
INSERT INTO proposal (resource, alias, key, method, probability, why, evidence)
SELECT
    CASE WHEN a.key IS NULL THEN a.resource END,
    coalesce(a.key, a.row_key),
    b.key,
    'splink',
    likely.probability,
    'alike in name, dates and marks, by likelihood',
    jsonb_build_object(
        'from', coalesce(a.resource, 'library'), 'name', ARRAY[a.name, b.name], 'birth', ARRAY[a.birth, b.birth],
        'sex', ARRAY[a.sex, b.sex], 'marks', ARRAY[to_jsonb(a.marks), to_jsonb(b.marks)]
    )
FROM (
    SELECT "left" AS a, "right" AS b, probability FROM likely
    UNION ALL
    SELECT "right", "left", probability FROM likely
) AS likely
INNER JOIN subject AS a ON a.subject_id = CAST(likely.a AS bigint)
INNER JOIN subject AS b ON b.subject_id = CAST(likely.b AS bigint)
WHERE
    b.published AND a.key IS DISTINCT FROM b.key
    AND (NOT a.published OR (a.name = b.name AND (cardinality(a.marks), a.key) < (cardinality(b.marks), b.key)));
