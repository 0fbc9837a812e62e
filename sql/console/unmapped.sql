-- Everybody sees this page and no look at it is recorded: numbers of people that slipped into a column of codes are masked.
SELECT item, share.mask_text(value) AS value, reason, rows FROM ledger.unmapped
WHERE batch_id = %(batch)s
ORDER BY rows DESC, item, value LIMIT 200;
