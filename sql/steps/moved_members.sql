-- Members whose live snapshot is no longer the one that the run has read, and the library itself if a later run has published it or a steward
-- ruled since the run began.
SELECT live.name
FROM ledger.snapshot AS live
CROSS JOIN ledger.run AS run
WHERE run.run_id = %(run_id)s
    AND (
        (live.kind = 'source' AND live.name = ANY (%(members)s)
            AND live.manifest IS DISTINCT FROM run.inputs -> 'members' ->> live.name)
        OR (live.kind = 'library' AND live.name = run.library AND (
            live.run_id > run.run_id
            OR EXISTS (
                SELECT FROM ledger.link_ruling AS ruling
                INNER JOIN ledger.link USING (link_id)
                WHERE link.library = run.library AND ruling.ruling_id > coalesce((run.inputs ->> 'identity')::bigint, 0)
            )
        ))
    );
