-- Counted up to a hundred thousand: beyond that the number only costs time.
SELECT count(*) AS rows FROM (SELECT FROM ledger.discrepancy WHERE {filters} LIMIT 100001) AS found;
