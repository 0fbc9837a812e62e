-- The library as it was on a business date, as known at a moment: bitemporal reading of an append-only history.
DROP FUNCTION IF EXISTS {as_of}(date, timestamptz);
CREATE FUNCTION {as_of}(valid date, known timestamptz DEFAULT 'infinity') RETURNS SETOF {history}
LANGUAGE sql STABLE AS $$
    SELECT version.*
    FROM (
        SELECT DISTINCT ON (_key) * FROM {history}
        WHERE valid_from <= valid AND recorded_at <= known
        ORDER BY _key, valid_from DESC, recorded_at DESC, _run DESC
    ) AS version
    WHERE version._op <> 'D'
$$;
