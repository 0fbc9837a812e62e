SELECT batch.resource, batch.business_date, batch.file_name, batch.state, finding.kind
FROM ledger.batch LEFT JOIN ledger.finding ON finding.batch_id = batch.batch_id AND finding.kind IN ('extra_column', 'reordered')
UNION ALL
SELECT batch.resource, batch.business_date, load.file_name, 'duplicate', NULL
FROM ledger.load JOIN ledger.batch USING (batch_id)
WHERE load.outcome = 'duplicate';
