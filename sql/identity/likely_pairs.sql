-- Likely pairs as proposals: a loose subject, and the published one it would belong to.
INSERT INTO proposal (resource, alias, key, method, probability, why, evidence)
SELECT
    CASE WHEN a.key IS NULL THEN a.resource END,
    coalesce(a.key, a.row_key),
    b.key,
    'splink',
    likely.probability,
    '姓名、日期和标识相似，按似然 / alike in name, dates and marks, by likelihood',
    jsonb_build_object(
        'from', a.resource, 'name', ARRAY[a.name, b.name], 'birth', ARRAY[a.birth, b.birth],
        'sex', ARRAY[a.sex, b.sex], 'marks', ARRAY[to_jsonb(a.marks), to_jsonb(b.marks)]
    )
FROM (
    SELECT CAST("left" AS bigint) AS a, CAST("right" AS bigint) AS b, probability FROM likely
    UNION ALL
    SELECT CAST("right" AS bigint), CAST("left" AS bigint), probability FROM likely
) AS likely
INNER JOIN subject AS a ON a.subject_id = likely.a AND NOT a.published
INNER JOIN subject AS b ON b.subject_id = likely.b AND b.published;
