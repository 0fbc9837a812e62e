INSERT INTO ledger.told (library, batch_id, run_id)
SELECT %(library)s, batch_id, %(run_id)s FROM ledger.batch
WHERE batch_id = ANY(%(batches)s) AND business_date >= %(since)s
ON CONFLICT DO NOTHING;
