-- Is it late? One row per resource in force: the next period it owes, when that was due, and by how many working days it is late.
-- A resource that never delivered owes the period of the day it was declared. Irregular feeds are never late.
CREATE OR REPLACE VIEW ledger.freshness AS
SELECT
    owed.resource,
    owed.department,
    owed.update_cycle,
    owed.last_business_date,
    owed.last_received_at,
    owed.expected_for,
    due.due_on,
    coalesce(due.due_on < owed.today, false) AS overdue,
    CASE WHEN due.due_on < owed.today THEN catalog.working_days_between(due.due_on, owed.today) ELSE 0 END AS working_days_late,
    coalesce(catalog.is_provisional(owed.expected_for, due.due_on), false) AS provisional
FROM (
    SELECT
        resource.id AS resource,
        resource.department,
        resource.update_cycle,
        resource.grace,
        came.last_business_date,
        came.last_received_at,
        catalog.today() AS today,
        CASE
            WHEN came.last_business_date IS NULL THEN catalog.period_end(resource.update_cycle, resource.declared_at::date)
            ELSE catalog.next_period_end(resource.update_cycle, came.last_business_date)
        END AS expected_for
    FROM catalog.resource AS resource
    LEFT JOIN LATERAL (
        SELECT max(batch.business_date) AS last_business_date, max(batch.received_at) AS last_received_at
        FROM ledger.batch AS batch
        WHERE batch.resource = resource.id AND batch.state IN ('admitted', 'superseded')
    ) AS came ON true
    WHERE resource.withdrawn_at IS NULL
) AS owed
CROSS JOIN LATERAL (SELECT catalog.due_on(owed.update_cycle, owed.expected_for, owed.grace) AS due_on) AS due;

COMMENT ON VIEW ledger.freshness IS 'cycle + grace + working-day calendar: what each resource owes and whether it is late';
GRANT SELECT ON ledger.freshness TO shuyuan_loader, shuyuan_steward, shuyuan_auditor, shuyuan_web;
