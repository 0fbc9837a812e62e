-- Retention: months of an audit table that lie wholly before a date leave, each as a whole; so does what the default partition holds,
-- once all of it is older. Owner only.
CREATE OR REPLACE FUNCTION ledger.drop_months_before(parent text, before date) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    child text;
    newest timestamptz;
    dropped integer := 0;
BEGIN
    FOR child IN
        SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'r' AND relispartition
        AND relname ~ ('^' || parent || '_[0-9]{6}$')
        AND to_date(right(relname, 6), 'YYYYMM') + interval '1 month' <= before
    LOOP
        EXECUTE format('DROP TABLE ledger.%I', child);
        dropped := dropped + 1;
    END LOOP;
    EXECUTE format('SELECT max(at) FROM ledger.%I', parent || '_default') INTO newest;
    IF newest < before THEN
        EXECUTE format('DROP TABLE ledger.%I', parent || '_default');
        PERFORM ledger.make_default(parent);
        dropped := dropped + 1;
    END IF;
    RETURN dropped;
END;
$$;
