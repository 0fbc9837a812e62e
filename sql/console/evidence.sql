SELECT item, reason, rows FROM ledger.evidence WHERE batch_id = %(batch)s ORDER BY rows DESC, item, reason;
