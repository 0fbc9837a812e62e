left(a.key, 17) = left(b.key, 17) AND length(a.key) = 18 AND length(b.key) = 18 AND coalesce(a.name = b.name, true)
