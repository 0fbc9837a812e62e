SELECT format('staged/%s', batch_id) FROM ledger.batch WHERE state IN ('received', 'read', 'checked')
UNION ALL
SELECT format('library/%s/%s', library, run_id) FROM ledger.run WHERE state IN ('resolving', 'resolved');
