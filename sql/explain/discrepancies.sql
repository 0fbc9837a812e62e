SELECT discrepancy.*, opened.business_date AS opened_for, closed.business_date AS closed_for
FROM ledger.discrepancy AS discrepancy
JOIN ledger.run AS opened ON opened.run_id = discrepancy.opened_run
LEFT JOIN ledger.run AS closed ON closed.run_id = discrepancy.closed_run
WHERE discrepancy.library = %(library)s AND discrepancy.entity = %(key)s
ORDER BY discrepancy.closed_run DESC NULLS FIRST, discrepancy.discrepancy_id DESC LIMIT 500;
