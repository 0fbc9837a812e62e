SELECT 'load', outcome, count(*) FROM ledger.load GROUP BY outcome
UNION ALL
SELECT 'access', outcome, count(*) FROM ledger.access GROUP BY outcome
ORDER BY 1, 2;
