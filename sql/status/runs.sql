SELECT DISTINCT ON (library) library, run_id, business_date::text, state, inserted, updated, deleted, opened, closed
FROM ledger.run WHERE state IN ('published', 'unchanged') ORDER BY library, run_id DESC;
