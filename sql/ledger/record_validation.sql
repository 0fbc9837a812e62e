INSERT INTO ledger.validation (suite, batch_id, run_id, success, evaluated, failed, score, decision, results, docs)
VALUES (
    %(suite)s, %(batch_id)s, %(run_id)s, %(success)s, %(evaluated)s, %(failed)s, %(score)s, %(decision)s, %(results)s, %(docs)s
);
