-- Every version of the entity in the order of recording, the newest five hundred.
SELECT * FROM (
    SELECT * FROM {history} WHERE _key = %(key)s ORDER BY recorded_at DESC, _run DESC LIMIT 500
) AS newest
ORDER BY recorded_at, _run;
