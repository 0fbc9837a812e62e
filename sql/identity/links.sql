SELECT {fields} FROM ledger.link_now
WHERE (%(library)s::text IS NULL OR library = %(library)s) AND (%(state)s::text IS NULL OR state = %(state)s)
ORDER BY probability DESC NULLS FIRST, link_id
LIMIT %(limit)s;
