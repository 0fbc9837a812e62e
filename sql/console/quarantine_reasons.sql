SELECT item, reason, count(*) AS rows, min(line) AS first_line
FROM ledger.quarantine WHERE batch_id = %(batch)s
GROUP BY item, reason ORDER BY rows DESC, item, reason;
