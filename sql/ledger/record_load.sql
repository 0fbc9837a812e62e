INSERT INTO ledger.load (
    actor, step, resource, library, batch_id, run_id, file_name, file_sha256, rows_in, rows_out, counts, seconds, outcome, message
)
VALUES (
    %(actor)s, %(step)s, %(resource)s, %(library)s, %(batch_id)s, %(run_id)s, %(file_name)s, %(file_sha256)s,
    %(rows_in)s, %(rows_out)s, %(counts)s, %(seconds)s, %(outcome)s, %(message)s
);
