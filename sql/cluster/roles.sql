-- The roles of a deployment, without passwords: those are generated and set by the program, never written down here.
-- What a role may touch inside the database is granted by the migrations, table by table.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY[
        'shuyuan_owner',    -- owns the database and its schemas; runs migrations
        'shuyuan_loader',   -- the line: staging, source, library, history
        'shuyuan_steward',  -- cases and rulings
        'shuyuan_auditor',  -- reads the ledger
        'shuyuan_web',      -- console and query service
        'airflow'           -- Airflow's metadata, its own database
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', wanted);
        END IF;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shuyuan_analyst') THEN
        CREATE ROLE shuyuan_analyst NOLOGIN;  -- a group: each analyst signs in as analyst_<name>
    END IF;
END
$$;
