-- Take keys and indexes from an empty table of source, library or history, or from the discrepancies, and give it a file of its own: what
-- this transaction then writes there is logged by nobody where nobody replays the log (wal_level = minimal, as the embedded server has it).
-- False, and nothing happens, when it has rows or is being read. A key that other tables refer to stays.
CREATE OR REPLACE FUNCTION ledger.lay_bare(bared regclass) RETURNS boolean
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
    -- TRUNCATE would do the same, but history and ledger refuse it to everybody.
    EXECUTE format('CLUSTER %s USING %I', bared, (
        SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = bared AND indisprimary
    ));
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
