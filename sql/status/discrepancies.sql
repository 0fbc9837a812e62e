SELECT class, count(*) FROM ledger.discrepancy WHERE closed_run IS NULL GROUP BY class ORDER BY class;
