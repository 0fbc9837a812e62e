-- Whether a library was published before a run: only then is there anything former.
SELECT EXISTS (SELECT FROM ledger.run WHERE library = %(library)s AND run_id < %(run_id)s AND state IN ('published', 'unchanged'));
