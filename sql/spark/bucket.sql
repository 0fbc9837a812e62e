-- The bucket of a value, as in sql/steps/bucket.sql.
CAST(conv(substr(md5(coalesce({item}, '')), 1, 4), 16, 10) AS INT) % {buckets}
