CREATE TABLE IF NOT EXISTS {library} (
    _key text PRIMARY KEY,
    _filled jsonb,
    _run bigint NOT NULL,
    _as_of date NOT NULL
) WITH (fillfactor = 90);
ALTER TABLE {library} DROP COLUMN IF EXISTS _hash;

-- Every version once, append-only: "from valid_from on, as recorded at recorded_at, the entity is this" (_op = D: is gone).
CREATE TABLE IF NOT EXISTS {history} (
    _key text NOT NULL,
    _op "char" NOT NULL,
    _filled jsonb,
    _run bigint NOT NULL,
    valid_from date NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (_key, valid_from, _run)
);
ALTER TABLE {history} DROP COLUMN IF EXISTS _hash;
-- One moment for a whole run: what was known at a moment is never half a run.
ALTER TABLE {history} ALTER COLUMN recorded_at SET DEFAULT statement_timestamp();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON {history}
FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON {history}
FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
