SELECT state, count(*) FROM ledger.batch GROUP BY state ORDER BY state;
