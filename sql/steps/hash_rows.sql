-- Portable row hash: md5 over the texts of the items, null told apart from empty.
SELECT *, md5(concat_ws(chr(31), {texts})) AS _hash
FROM rows
