-- Portable row hash: md5 over the texts of the items, null told apart from empty; the bucket; a mark of the key that finds repeated ones.
SELECT md5(concat_ws(chr(31), {texts})) AS _hash, {bucket} AS _bucket, hash(_key) AS _mark
FROM rows
