-- Every file that was taken or noted as a duplicate: resource, name, bytes.
SELECT resource, file_name, file_bytes FROM ledger.batch
UNION
SELECT batch.resource, part.file_name, part.file_bytes
FROM ledger.part JOIN ledger.batch USING (batch_id)
UNION
SELECT batch.resource, load.file_name, batch.file_bytes
FROM ledger.load JOIN ledger.batch USING (batch_id)
WHERE load.step = 'receive' AND load.outcome = 'duplicate';
