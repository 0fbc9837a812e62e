SELECT DISTINCT resource, business_date FROM ledger.batch
WHERE state NOT IN ('received', 'read', 'checked');
