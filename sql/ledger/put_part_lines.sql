UPDATE ledger.part SET lines = %(lines)s
WHERE batch_id = %(batch_id)s AND part = %(part)s;
