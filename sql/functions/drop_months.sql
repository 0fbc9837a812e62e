-- Retention: months of an audit table that lie wholly before a date leave, each as a whole. Owner only.
CREATE OR REPLACE FUNCTION ledger.drop_months_before(parent text, before date) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    child text;
    dropped integer := 0;
BEGIN
    FOR child IN
        SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'r'
        AND relname ~ ('^' || parent || '_[0-9]{6}$')
        AND to_date(right(relname, 6), 'YYYYMM') + interval '1 month' <= before
    LOOP
        EXECUTE format('DROP TABLE ledger.%I', child);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END;
$$;
REVOKE ALL ON FUNCTION ledger.drop_months_before(text, date) FROM PUBLIC;
