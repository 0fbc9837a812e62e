SELECT reason, count(*) FROM ledger.quarantine GROUP BY reason ORDER BY count(*) DESC, reason;
