CAST(('0x' || substr(md5(coalesce(CAST({item} AS VARCHAR), '')), 1, 4)) AS INTEGER) % {buckets}
