SELECT CASE
    WHEN decision = 'reject' THEN coalesce(
        (SELECT string_agg(message, '; ' ORDER BY finding_id) FROM ledger.finding WHERE run_id = %(run_id)s AND severity = 'critical'),
        'rejected'
    )
    ELSE ''
END
FROM ledger.validation
WHERE run_id = %(run_id)s
ORDER BY validation_id DESC
LIMIT 1;
