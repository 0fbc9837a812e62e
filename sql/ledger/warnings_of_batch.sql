SELECT message FROM ledger.finding WHERE batch_id = %(batch_id)s AND severity <> 'info' ORDER BY finding_id;
