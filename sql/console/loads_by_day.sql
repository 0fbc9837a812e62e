-- The last 14 days, empty ones too: steps that went well and steps that did not.
SELECT
    day::date AS day,
    count(load.load_id) FILTER (WHERE load.outcome IN ('ok', 'nothing', 'duplicate')) AS good,
    count(load.load_id) FILTER (WHERE load.outcome IN ('refused', 'failed')) AS bad
FROM generate_series(current_date - 13, current_date, interval '1 day') AS day
LEFT JOIN ledger.load ON load.at >= day AND load.at < day + interval '1 day'
GROUP BY day ORDER BY day;
