-- How many rows of a batch its suite has seen and not set aside.
SELECT count(*)
FROM {staging} AS judged
WHERE NOT EXISTS (SELECT FROM ledger.quarantine AS aside WHERE aside.batch_id = %(batch)s AND aside.line = judged._line)
