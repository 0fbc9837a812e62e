SELECT {columns} FROM {library} WHERE {conditions} ORDER BY _key LIMIT %(_limit)s
