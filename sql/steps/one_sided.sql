-- Entities that only one of two relations has.
SELECT here._key FROM {here} AS here
WHERE NOT EXISTS (SELECT FROM {there} AS there WHERE there._key = here._key)
ORDER BY here._key
LIMIT %(most)s;
