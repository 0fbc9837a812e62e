SELECT batch.batch_id, batch.business_date, validation.score
FROM ledger.validation AS validation INNER JOIN ledger.batch AS batch ON batch.batch_id = validation.batch_id
WHERE batch.resource = %(resource)s ORDER BY validation.validation_id DESC LIMIT 30;
