-- A day resolved again against history as known now: entities that only one of them has, and values that differ, item by item.
SELECT
    count(replayed._key) AS entities,
    count(*) FILTER (WHERE known._key IS NULL) AS only_replayed,
    count(*) FILTER (WHERE replayed._key IS NULL) AS only_known,
    count(*) FILTER (WHERE replayed._key = known._key AND ({replayed_columns}) IS DISTINCT FROM ({known_columns})) AS different,
    {items}
FROM replayed FULL JOIN known ON replayed._key = known._key;
