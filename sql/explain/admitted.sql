SELECT batch_id, min(at) AS admitted_at FROM ledger.load
WHERE batch_id = ANY(%(batches)s) AND at >= %(since)s AND step = 'admit' AND outcome = 'ok'
GROUP BY batch_id;
