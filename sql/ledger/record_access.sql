INSERT INTO ledger.access (
    at, user_name, department, role, purpose, approver, statement, objects, columns,
    rows, seconds, method, medium, outcome, reason, origin, entity
)
VALUES (
    coalesce(%(at)s, clock_timestamp()), %(user_name)s, %(department)s, %(role)s, %(purpose)s, %(approver)s, %(statement)s, %(objects)s, %(columns)s,
    %(rows)s, %(seconds)s, %(method)s, %(medium)s, %(outcome)s, %(reason)s, %(origin)s, %(entity)s
)
RETURNING access_id;
