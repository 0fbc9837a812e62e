SELECT kind, severity, dimension, item, rows, message FROM ledger.finding WHERE batch_id = %(batch)s ORDER BY finding_id;
