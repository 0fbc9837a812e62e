-- Real geometry where the server has PostGIS (the compose stack's image); nothing needs it to run.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis') THEN
        CREATE EXTENSION IF NOT EXISTS postgis;
    END IF;
END
$$;
