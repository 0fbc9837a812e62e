-- A breach for every resource that has become overdue; of a breach that is open already only the days grow.
INSERT INTO ledger.breach AS breach (resource, expected_for, due_on, provisional, working_days_late)
SELECT resource, expected_for, due_on, provisional, working_days_late
FROM ledger.freshness
WHERE overdue
ON CONFLICT (resource, expected_for) DO UPDATE SET working_days_late = excluded.working_days_late
WHERE breach.closed_at IS NULL AND breach.working_days_late <> excluded.working_days_late
RETURNING breach.resource, breach.expected_for, (xmax = 0) AS is_new
