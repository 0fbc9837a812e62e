a.key = left(b.key, 6) || substr(b.key, 9, 9) AND substr(b.key, 7, 2) = '19' AND coalesce(a.name = b.name, true)
