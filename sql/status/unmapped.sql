SELECT resource, item, value, reason, rows FROM ledger.unmapped_now
WHERE %(resource)s::text IS NULL OR resource = %(resource)s
ORDER BY resource, rows DESC, item, value;
