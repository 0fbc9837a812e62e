SELECT batch.resource, batch.business_date, quarantine.line, quarantine.item, quarantine.reason
FROM ledger.quarantine JOIN ledger.batch USING (batch_id);
