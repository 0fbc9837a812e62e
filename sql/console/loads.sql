SELECT load_id, at, actor, role, step, resource, library, batch_id, run_id, file_name, rows_in, rows_out, seconds, outcome, message
FROM ledger.load
WHERE {filters}
ORDER BY at DESC, load_id DESC LIMIT %(most)s;
