SELECT batch_id, resource, file_name, business_date, file_sha256 FROM ledger.batch WHERE batch_id = ANY(%(batches)s);
