INSERT INTO ledger.finding (batch_id, run_id, kind, severity, dimension, item, rows, message)
VALUES (%(batch_id)s, %(run_id)s, %(kind)s, %(severity)s, %(dimension)s, %(item)s, %(rows)s, %(message)s);
