-- The library as it was on a business date, as known at a moment (null or left out: all that is known): bitemporal reading of an
-- append-only history. Plain SQL and stable, so that the planner takes it apart: `WHERE _key = …` reaches the primary key and one
-- entity costs its own versions. Arguments by number: an item of the library may be called `valid`.
DROP FUNCTION IF EXISTS {as_of}(date, timestamptz);
CREATE FUNCTION {as_of}(valid date, known timestamptz DEFAULT NULL) RETURNS SETOF {history}
LANGUAGE sql STABLE AS $$
    SELECT version.*
    FROM (
        SELECT DISTINCT ON (_key) * FROM {history}
        WHERE valid_from <= $1 AND recorded_at <= coalesce($2, 'infinity')
        ORDER BY _key, valid_from DESC, recorded_at DESC, _run DESC
    ) AS version
    WHERE version._op <> 'D'
$$;
