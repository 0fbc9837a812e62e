-- Audit tables only grow. No role is granted UPDATE or DELETE on them, and a trigger refuses it to everyone, the owner included.
CREATE FUNCTION ledger.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only: % refused; write a new row that corrects the old one',
        TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END;
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['load', 'access', 'finding', 'evidence', 'quarantine', 'validation', 'crosscheck'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()', name);
        EXECUTE format(
            'CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.%I FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', name);
    END LOOP;
END;
$$;

-- Months ahead of time, so that an audit row always has a partition; the default catches what nobody foresaw.
CREATE TABLE ledger.load_default PARTITION OF ledger.load DEFAULT;
CREATE TABLE ledger.access_default PARTITION OF ledger.access DEFAULT;

CREATE FUNCTION ledger.ensure_month(parent text, month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    child text := parent || to_char(month, '_YYYYMM');
BEGIN
    IF parent NOT IN ('load', 'access') THEN
        RAISE EXCEPTION 'ledger.% is not kept by month', parent;
    END IF;
    IF to_regclass('ledger.' || child) IS NULL THEN
        EXECUTE format('CREATE TABLE ledger.%I PARTITION OF ledger.%I FOR VALUES FROM (%L) TO (%L)',
            child, parent, date_trunc('month', month), date_trunc('month', month) + interval '1 month');
    END IF;
END;
$$;
REVOKE ALL ON FUNCTION ledger.ensure_month(text, date) FROM PUBLIC;
SELECT ledger.ensure_month(parent, (date_trunc('month', now()) + make_interval(months => ahead))::date)
FROM unnest(ARRAY['load', 'access']) AS parent, generate_series(0, 2) AS ahead;
