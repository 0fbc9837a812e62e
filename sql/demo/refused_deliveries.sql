-- Deliveries of a business date that were refused for what they are, not for a fault of ours.
SELECT resource, max(reason) AS reason
FROM ledger.batch
WHERE business_date = %(day)s AND state = 'rejected'
GROUP BY resource
