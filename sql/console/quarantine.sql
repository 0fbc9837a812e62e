SELECT line, item, value, reason, message, raw, at
FROM ledger.quarantine
WHERE batch_id = %(batch)s AND (%(reason)s::text IS NULL OR reason = %(reason)s)
ORDER BY line LIMIT %(most)s;
