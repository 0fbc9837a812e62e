-- Codes and words of a delivery that no code list and no crosswalk names: the steward's list of what to map next.
CREATE TABLE ledger.unmapped (
    batch_id bigint NOT NULL REFERENCES ledger.batch (batch_id),
    item text NOT NULL,
    value text NOT NULL,
    reason text NOT NULL,
    rows bigint NOT NULL
);
CREATE INDEX unmapped_by_batch ON ledger.unmapped (batch_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.unmapped FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.unmapped FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT, INSERT ON ledger.unmapped TO shuyuan_loader;
GRANT SELECT ON ledger.unmapped TO shuyuan_steward, shuyuan_auditor, shuyuan_web;

-- What the last delivery of every resource left open.
CREATE VIEW ledger.unmapped_now AS
SELECT batch.resource, unmapped.item, unmapped.value, unmapped.reason, unmapped.rows, batch.batch_id, batch.business_date
FROM ledger.unmapped
JOIN ledger.batch USING (batch_id)
WHERE
    batch.batch_id = (
        SELECT max(last.batch_id) FROM ledger.batch AS last
        WHERE last.resource = batch.resource AND last.state IN ('read', 'checked', 'admitted')
    );
GRANT SELECT ON ledger.unmapped_now TO shuyuan_loader, shuyuan_steward, shuyuan_auditor, shuyuan_web;
