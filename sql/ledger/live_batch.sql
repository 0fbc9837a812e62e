SELECT {fields} FROM ledger.batch
WHERE batch_id = (SELECT batch_id FROM ledger.snapshot WHERE kind = 'source' AND name = %(resource)s);
