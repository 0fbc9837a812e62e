-- Who asked for this entity by name. Lists and statements of psql name none: whether it was among their rows nobody wrote down.
SELECT access_id, at, user_name, department, role, purpose, approver, method, outcome, objects, columns, rows
FROM ledger.access
WHERE entity = %(key)s AND objects && %(objects)s
ORDER BY at DESC LIMIT 50;
