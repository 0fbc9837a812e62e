CAST(('0x' || substr(md5(coalesce({item}, '')), 1, 4)) AS INTEGER) % {buckets}
