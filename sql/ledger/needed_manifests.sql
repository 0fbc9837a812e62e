-- Every live manifest, and those that a run under way is reading.
SELECT manifest FROM ledger.snapshot
UNION
SELECT input.manifest
FROM ledger.run
CROSS JOIN LATERAL (
    SELECT value FROM jsonb_each_text(inputs -> 'members') UNION ALL SELECT value FROM jsonb_each_text(inputs -> 'base')
) AS input (manifest)
WHERE run.state = 'resolving' AND input.manifest IS NOT NULL;
