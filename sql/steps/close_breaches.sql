-- The delivery came: close its breach with the number of working days it was late. In a replayed sweep its own day stands for the receipt.
UPDATE ledger.breach AS breach SET
    closed_by_batch = came.batch_id,
    closed_at = clock_timestamp(),
    working_days_late = catalog.working_days_between(breach.due_on, least(came.received_at::date, catalog.today()))
FROM (
    SELECT DISTINCT ON (late.breach_id) late.breach_id, batch.batch_id, batch.received_at
    FROM ledger.breach AS late
    JOIN catalog.resource AS resource ON resource.id = late.resource
    JOIN ledger.batch AS batch ON batch.resource = late.resource
    WHERE late.closed_at IS NULL
        AND batch.state IN ('admitted', 'superseded')
        AND catalog.period_end(resource.update_cycle, batch.business_date) >= late.expected_for
    ORDER BY late.breach_id, batch.received_at, batch.batch_id
) AS came
WHERE breach.breach_id = came.breach_id
RETURNING breach.resource, breach.expected_for
