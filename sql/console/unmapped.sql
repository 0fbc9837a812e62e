SELECT item, value, reason, rows FROM ledger.unmapped WHERE batch_id = %(batch)s ORDER BY rows DESC, item, value LIMIT 200;
