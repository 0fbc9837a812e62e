-- Who asked for this entity by name within the last year. Lists and statements of psql name none: whether it was among their rows nobody
-- wrote down. Older months are for the audit page: a table of five years is opened month by month.
SELECT access_id, at, user_name, department, role, purpose, approver, method, outcome, objects, columns, rows
FROM ledger.access
WHERE entity = %(key)s AND objects && %(objects)s AND at >= %(since)s
ORDER BY at DESC LIMIT 50;
