SELECT validation_id, at, suite, success, evaluated, failed, score, decision, results, docs
FROM ledger.validation WHERE batch_id = %(batch)s ORDER BY validation_id DESC LIMIT 1;
