UNION
SELECT source.{on} FROM ledger.row_now AS told
INNER JOIN {source} AS source ON told.row_key = source._key
WHERE told.library = {library} AND told.resource = {resource} AND source.{on} IS NOT NULL
