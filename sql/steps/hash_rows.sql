-- The row's hash, which finds changes; the bucket, by a portable function; a mark of the key, which finds repeated ones.
SELECT {hash} AS _hash, {bucket} AS _bucket, hash(_key) AS _mark
FROM rows
