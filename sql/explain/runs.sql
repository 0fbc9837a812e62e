-- The run that last changed the entity, and the last one that had ended by then and so confirmed it.
SELECT
    run_id, business_date, state, started_at, changed_at, inputs ->> 'rules' AS rules, run_id = %(run)s AS changed_it
FROM ledger.run
WHERE
    run_id = %(run)s
    OR run_id = (
        SELECT ended.run_id FROM ledger.run AS ended
        WHERE
            ended.library = %(library)s AND ended.state IN ('published', 'unchanged')
            AND ended.business_date <= %(_valid)s AND ended.changed_at <= coalesce(CAST(%(_known)s AS timestamptz), 'infinity')
        ORDER BY ended.run_id DESC LIMIT 1
    )
ORDER BY run_id;
