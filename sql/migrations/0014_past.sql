-- Corrections of the past: a run that only tells history what a late delivery says of days that are over (docs/decisions/0072).
ALTER TABLE ledger.run
DROP CONSTRAINT run_state_check,
ADD CONSTRAINT run_state_check CHECK (state IN ('resolving', 'resolved', 'published', 'unchanged', 'failed', 'corrected'));

-- Of which deliveries a library's history tells: in time, by the run that was published for their day, or late, by a run that corrected the past.
CREATE TABLE ledger.told (
    library text NOT NULL,
    batch_id bigint NOT NULL REFERENCES ledger.batch (batch_id),
    run_id bigint NOT NULL REFERENCES ledger.run (run_id),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (library, batch_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.told FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.told FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- What came before there were corrections stays as it was told.
INSERT INTO ledger.told (library, batch_id, run_id)
SELECT run.library, batch.batch_id, run.run_id
FROM (SELECT library, max(run_id) AS run_id FROM ledger.run WHERE state IN ('published', 'unchanged') GROUP BY library) AS run
CROSS JOIN ledger.batch AS batch
WHERE batch.state IN ('admitted', 'superseded', 'outdated');

GRANT SELECT, INSERT ON ledger.told TO shuyuan_loader;
GRANT SELECT ON ledger.told TO shuyuan_steward, shuyuan_auditor;
-- The line reads a library as it was on a day, to see where a late delivery says otherwise.
ALTER DEFAULT PRIVILEGES IN SCHEMA history GRANT EXECUTE ON FUNCTIONS TO shuyuan_loader;
