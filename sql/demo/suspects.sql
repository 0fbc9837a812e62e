-- Whom the court suspects, by library and item: of every discrepancy that is open and no matter of definition.
SELECT library, item, suspect, count(*) AS discrepancies, min(probability) AS least, avg(probability) AS mean
FROM ledger.suspicion
WHERE suspect IS NOT NULL
GROUP BY library, item, suspect
ORDER BY discrepancies DESC, library, item, suspect
LIMIT 12;
