-- Where history says of a day, as known now, otherwise than `said`, a version is appended. Nothing is changed: what was known before stays readable.
WITH known AS ({known}),
differing AS (
    SELECT
        CASE WHEN said._key IS NULL THEN 'D' WHEN known._key IS NULL THEN 'I' ELSE 'U' END AS _op, {values}
    FROM {said} AS said FULL JOIN known ON said._key = known._key
    WHERE said._key IS NULL OR known._key IS NULL OR ({said_columns}) IS DISTINCT FROM ({known_columns})
),
kept AS (
    INSERT INTO {history} ({columns}, _op, _run, valid_from, recorded_at)
    SELECT {columns}, _op::"char", %(run)s, %(day)s, %(recorded)s FROM differing
)
SELECT _op, count(*) FROM differing GROUP BY _op;
