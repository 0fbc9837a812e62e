SELECT {fields} FROM ledger.part
WHERE batch_id = %(batch_id)s
ORDER BY part;
