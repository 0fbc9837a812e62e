SELECT batch_id, resource, business_date FROM ledger.batch
WHERE state IN ('read', 'checked', 'admitted', 'superseded', 'outdated');
