-- A column that has slipped puts numbers of people where codes should be; nobody has asked for those, so they are masked.
SELECT resource, item, share.mask_text(value) AS value, reason, rows FROM ledger.unmapped_now
WHERE %(resource)s::text IS NULL OR resource = %(resource)s
ORDER BY resource, rows DESC, item, value;
