-- Folders whose files are still needed though no pointer leads to them: of batches that have not come to their end, and of runs that may yet be published.
SELECT format('staged/%s', batch_id) FROM ledger.batch WHERE state IN ('received', 'read', 'checked')
UNION ALL
SELECT format('source/%s/%s', replace(resource, '.', '__'), batch_id) FROM ledger.batch WHERE state IN ('received', 'read', 'checked')
UNION ALL
SELECT format('library/%s/%s', library, run_id) FROM ledger.run AS run
WHERE
    state IN ('resolving', 'resolved')
    AND NOT EXISTS (
        SELECT FROM ledger.run AS later
        WHERE later.library = run.library AND later.run_id > run.run_id AND later.state IN ('published', 'unchanged')
    );
