substr(a.key, 9, 9) = substr(b.key, 9, 9) AND length(a.key) = 18 AND length(b.key) = 18
