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

-- A partition inherits the row trigger of its parent but not the one on TRUNCATE: every partition gets its own.
CREATE FUNCTION ledger.refuse_truncate_of(child text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.%I FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', child);
END;
$$;

-- Months ahead of time, so that an audit row always has a partition; the default catches what nobody foresaw.
CREATE FUNCTION ledger.make_default(parent text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('CREATE TABLE ledger.%I PARTITION OF ledger.%I DEFAULT', parent || '_default', parent);
    PERFORM ledger.refuse_truncate_of(parent || '_default');
END;
$$;
SELECT ledger.make_default(parent) FROM unnest(ARRAY['load', 'access']) AS parent;

-- Months of Beijing, whatever the caller's time zone: months of two zones would overlap.
CREATE FUNCTION ledger.ensure_month(parent text, month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'Asia/Shanghai' AS $$
DECLARE
    child text := parent || to_char(month, '_YYYYMM');
    starts timestamptz := date_trunc('month', month);
    taken boolean;
BEGIN
    IF parent NOT IN ('load', 'access') THEN
        RAISE EXCEPTION 'ledger.% is not kept by month', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('month:' || child, 0));
    -- A month whose rows the default has caught stays there: rows of an audit table are not moved.
    EXECUTE format('SELECT EXISTS (SELECT FROM ledger.%I WHERE at >= $1 AND at < $1 + interval ''1 month'')', parent || '_default')
    INTO taken USING starts;
    IF to_regclass('ledger.' || child) IS NULL AND NOT taken THEN
        EXECUTE format('CREATE TABLE ledger.%I PARTITION OF ledger.%I FOR VALUES FROM (%L) TO (%L)',
            child, parent, starts, starts + interval '1 month');
        PERFORM ledger.refuse_truncate_of(child);
    END IF;
END;
$$;
SELECT ledger.ensure_month(parent, (date_trunc('month', now()) + make_interval(months => ahead))::date)
FROM unnest(ARRAY['load', 'access']) AS parent, generate_series(0, 2) AS ahead;
