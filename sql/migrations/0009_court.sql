-- The court: who is probably wrong where claims contradict each other. Rows per run, not per discrepancy; what is published never changes by it.

-- How many discrepancies of every pattern a run opened (+) and closed (−): what is open is the sum, so a day costs what changed.
-- Values are kept for items of codes only: few, and what a systematic confusion is recognised by.
CREATE TABLE ledger.dispute_change (
    run_id bigint NOT NULL REFERENCES ledger.run (run_id),
    library text NOT NULL,
    item text NOT NULL,
    source_ref text NOT NULL,
    claim_ref text NOT NULL,
    pattern text NOT NULL,
    source_value text,
    claim_value text,
    change bigint NOT NULL
);
CREATE INDEX dispute_change_by_library ON ledger.dispute_change (library);
CREATE INDEX discrepancy_by_closed_run ON ledger.discrepancy (closed_run) WHERE closed_run IS NOT NULL;

-- How often a department is right about an item, learned from all claims; `claims`: how many of its claims were compared.
CREATE TABLE ledger.reliability (
    run_id bigint NOT NULL REFERENCES ledger.run (run_id),
    library text NOT NULL,
    item text NOT NULL,
    ref text NOT NULL,
    authority boolean NOT NULL,
    claims bigint NOT NULL,
    reliability double precision NOT NULL CHECK (reliability BETWEEN 0 AND 1),
    PRIMARY KEY (run_id, item, ref)
);

-- Of two claims that contradict each other within a pattern: how probably each is right, and whose is probably wrong.
CREATE TABLE ledger.verdict (
    run_id bigint NOT NULL REFERENCES ledger.run (run_id),
    library text NOT NULL,
    item text NOT NULL,
    source_ref text NOT NULL,
    pattern text NOT NULL,
    claim_ref text NOT NULL,
    source_right double precision NOT NULL CHECK (source_right BETWEEN 0 AND 1),
    claim_right double precision NOT NULL CHECK (claim_right BETWEEN 0 AND 1),
    suspect text NOT NULL,
    probability double precision NOT NULL CHECK (probability BETWEEN 0 AND 1),
    PRIMARY KEY (run_id, item, source_ref, pattern, claim_ref)
);
CREATE INDEX verdict_by_library ON ledger.verdict (library, run_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['dispute_change', 'reliability', 'verdict'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()', name);
        EXECUTE format(
            'CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.%I FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', name);
    END LOOP;
END;
$$;
-- Others may change sides while a discrepancy stays what it is.
GRANT UPDATE (pattern) ON ledger.discrepancy TO shuyuan_loader;
GRANT SELECT, INSERT ON ledger.dispute_change, ledger.reliability, ledger.verdict TO shuyuan_loader;
GRANT SELECT ON ledger.dispute_change, ledger.reliability, ledger.verdict TO shuyuan_steward, shuyuan_auditor, shuyuan_web;

-- Every open discrepancy with who is probably wrong, by the verdicts of the library's last run; no suspect where nobody is (a difference
-- of definition) and where the court has not sat.
CREATE VIEW ledger.suspicion AS
WITH latest AS (
    SELECT library.id AS library, (SELECT max(verdict.run_id) FROM ledger.verdict WHERE verdict.library = library.id) AS run_id
    FROM catalog.library
)
SELECT
    discrepancy.discrepancy_id, discrepancy.library, discrepancy.entity, discrepancy.item, discrepancy.source_ref, discrepancy.source_value,
    discrepancy.claim_ref, discrepancy.claim_value, discrepancy.class, discrepancy.opened_run, discrepancy.opened_at, discrepancy.pattern,
    verdict.suspect, verdict.probability, verdict.source_right, verdict.claim_right, verdict.run_id AS judged_run
FROM ledger.discrepancy
LEFT JOIN latest USING (library)
LEFT JOIN ledger.verdict
    ON
        verdict.run_id = latest.run_id AND verdict.item = discrepancy.item AND verdict.source_ref = discrepancy.source_ref
        AND verdict.pattern = discrepancy.pattern AND verdict.claim_ref = discrepancy.claim_ref
        AND discrepancy.class <> 'definition'
WHERE discrepancy.closed_run IS NULL;
GRANT SELECT ON ledger.suspicion TO shuyuan_loader, shuyuan_steward, shuyuan_auditor, shuyuan_web;
