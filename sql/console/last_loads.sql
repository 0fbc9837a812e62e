SELECT at, actor, step, resource, library, batch_id, run_id, rows_in, rows_out, seconds, outcome, message
FROM ledger.load ORDER BY at DESC, load_id DESC LIMIT 12;
