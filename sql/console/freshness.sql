-- Every resource: late ones first, then by department; with its last judgement and what is in quarantine from its last batch.
SELECT
    freshness.resource, freshness.update_cycle, freshness.last_business_date, freshness.last_received_at, freshness.expected_for,
    freshness.due_on, freshness.overdue, freshness.working_days_late, freshness.provisional,
    resource.title, resource.title_en, department.title AS department, department.title_en AS department_en,
    batch.batch_id, batch.state, batch.quarantined, judged.score
FROM ledger.freshness AS freshness
INNER JOIN catalog.resource AS resource ON resource.id = freshness.resource
INNER JOIN catalog.department AS department ON department.id = resource.department
LEFT JOIN LATERAL (
    SELECT * FROM ledger.batch WHERE batch.resource = resource.id ORDER BY batch.batch_id DESC LIMIT 1
) AS batch ON true
LEFT JOIN LATERAL (
    SELECT score FROM ledger.validation WHERE validation.batch_id = batch.batch_id ORDER BY validation_id DESC LIMIT 1
) AS judged ON true
ORDER BY freshness.overdue DESC, resource.department, resource.id;
