-- A harvested line is recorded once, whatever is read again: `origin` names it. The caller holds the harvest lock.
INSERT INTO ledger.access (
    at, user_name, department, role, statement, objects, seconds, method, medium, outcome, reason, origin
)
SELECT
    coalesce(%(at)s, clock_timestamp()), %(user_name)s, (SELECT department FROM share.person WHERE name = %(user_name)s), %(role)s, %(statement)s, %(objects)s,
    %(seconds)s, %(method)s, %(medium)s, %(outcome)s, %(reason)s, %(origin)s
WHERE NOT EXISTS (SELECT FROM ledger.access WHERE origin = %(origin)s);
