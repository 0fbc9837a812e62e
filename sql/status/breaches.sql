SELECT resource, due_on::text, working_days_late, closed_at IS NULL AS open FROM ledger.breach ORDER BY due_on, resource;
