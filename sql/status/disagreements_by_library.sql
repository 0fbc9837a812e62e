SELECT library, count(*) FROM ledger.discrepancy WHERE closed_run IS NULL GROUP BY library ORDER BY library;
