-- The newest link of an alias in one state; of confirmed ones there is at most one.
SELECT {fields} FROM ledger.link_now
WHERE library = %(library)s AND resource IS NOT DISTINCT FROM %(resource)s AND alias = %(alias)s AND state = %(state)s
ORDER BY ruled_at DESC
LIMIT 1;
