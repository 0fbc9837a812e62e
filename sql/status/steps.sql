SELECT step, count(*), round(sum(seconds)::numeric, 2)::float8, round(max(seconds)::numeric, 2)::float8
FROM ledger.load GROUP BY step ORDER BY min(load_id);
