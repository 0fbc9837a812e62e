SELECT
    access_id, at, user_name, department, role, purpose, approver, method, medium, outcome, reason, objects, columns, rows, seconds, statement
FROM ledger.access
WHERE {filters}
ORDER BY at DESC, access_id DESC LIMIT %(most)s;
