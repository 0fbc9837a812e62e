-- A cell worth explaining: disputed, judged by the court, of a person whose values have changed if there is one.
SELECT entity, item FROM ledger.suspicion
WHERE library = %(library)s AND class <> 'finding'
ORDER BY
    (SELECT count(*) FROM {history} AS version WHERE version._key = suspicion.entity) DESC,
    probability DESC NULLS LAST, discrepancy_id
LIMIT 1;
