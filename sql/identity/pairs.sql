-- Two subjects that are alike by a rule: the loose one, or the published one of which less is known, would become an alias of the other.
-- Why is said in Chinese and English, ` / ` between them.
INSERT INTO proposal (resource, alias, key, method, why, evidence)
SELECT
    CASE WHEN a.key IS NULL THEN a.resource END,
    coalesce(a.key, a.row_key),
    b.key,
    {method},
    {zh} || CASE WHEN cardinality(shared.marks) > 0 THEN '，相同：' || shared.labels ELSE '' END || ' / '
    || {en} || CASE WHEN cardinality(shared.marks) > 0 THEN '; the same ' || shared.names ELSE '' END,
    jsonb_build_object(
        'from', coalesce(a.resource, 'library'), 'name', ARRAY[a.name, b.name], 'birth', ARRAY[a.birth, b.birth],
        'sex', ARRAY[a.sex, b.sex], 'shared', shared.marks
    )
FROM subject AS a
INNER JOIN subject AS b ON {alike}
CROSS JOIN LATERAL (
    SELECT
        array_agg(mark ORDER BY mark) AS marks, string_agg(split_part(mark, '=', 1), ', ' ORDER BY mark) AS names,
        string_agg(CAST({labels} AS jsonb) ->> split_part(mark, '=', 1), '、' ORDER BY mark) AS labels
    FROM unnest(a.marks) AS mark
    WHERE mark = ANY (b.marks)
) AS shared
WHERE
    b.published AND a.key IS DISTINCT FROM b.key
    AND (NOT a.published OR (cardinality(a.marks), a.key) < (cardinality(b.marks), b.key));
