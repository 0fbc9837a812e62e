-- First loads: an empty table is filled several times faster while it has no keys, which are built when the rows are there, in the same
-- transaction. Only the owner may alter a table, so the loader asks these two functions; the definitions it has no say in.
CREATE TABLE ledger.bare_table (
    target regclass NOT NULL,
    position smallint NOT NULL,
    definition text NOT NULL,
    PRIMARY KEY (target, position)
);

-- Take keys and indexes from an empty table of source, library or history, or from the discrepancies. False, and nothing happens, when it
-- has rows or is being read. A key that other tables refer to stays.
CREATE FUNCTION ledger.lay_bare(bared regclass) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '3s' AS $$
DECLARE
    filled boolean;
    key record;
BEGIN
    IF bared <> 'ledger.discrepancy'::regclass
        AND (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = bared) NOT IN ('source', 'library', 'history')
    THEN
        RAISE EXCEPTION '% is not a table of source, library or history, nor the discrepancies', bared;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', bared) INTO filled;
    IF filled THEN
        RETURN false;
    END IF;
    BEGIN
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', bared);
    EXCEPTION WHEN lock_not_available THEN
        RETURN false;
    END;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', bared) INTO filled;
    IF filled THEN
        RETURN false;
    END IF;
    FOR key IN
        SELECT row_number() OVER (ORDER BY con.conname, i.indexrelid) AS position, con.conname, i.indexrelid::regclass AS name,
            CASE WHEN con.conname IS NULL THEN pg_get_indexdef(i.indexrelid)
            ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', bared, con.conname, pg_get_constraintdef(con.oid)) END AS definition
        FROM pg_index AS i
        LEFT JOIN pg_constraint AS con ON con.conindid = i.indexrelid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u')
        WHERE i.indrelid = bared AND NOT EXISTS (SELECT FROM pg_constraint AS fk WHERE fk.contype = 'f' AND fk.conindid = i.indexrelid)
    LOOP
        INSERT INTO ledger.bare_table VALUES (bared, key.position, key.definition);
        IF key.conname IS NULL THEN
            EXECUTE format('DROP INDEX %s', key.name);
        ELSE
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', bared, key.conname);
        END IF;
    END LOOP;
    RETURN true;
END $$;

-- Give a bared table its keys back, and the planner what it must know of them; the rest it learns by itself in a minute. A key that stands
-- twice is refused here, as it would have been before.
CREATE FUNCTION ledger.build_keys(bared regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    key text;
BEGIN
    FOR key IN DELETE FROM ledger.bare_table WHERE target = bared RETURNING definition LOOP
        EXECUTE key;
    END LOOP;
    SELECT string_agg(DISTINCT quote_ident(attname), ', ') INTO key
    FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
    WHERE indrelid = bared;
    EXECUTE format('ANALYZE %s (%s)', bared, key);
END $$;

REVOKE EXECUTE ON FUNCTION ledger.lay_bare(regclass), ledger.build_keys(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.lay_bare(regclass), ledger.build_keys(regclass) TO shuyuan_loader;

-- Discrepancies come by the million, and only from the run whose row the publish holds: asking for that row again every time costs more than
-- writing one. What differs most comes first in the key.
ALTER TABLE ledger.discrepancy DROP CONSTRAINT discrepancy_opened_run_fkey, DROP CONSTRAINT discrepancy_closed_run_fkey;
DROP INDEX ledger.discrepancy_open;
CREATE UNIQUE INDEX discrepancy_open ON ledger.discrepancy (entity, item, claim_ref, library) WHERE closed_run IS NULL;
