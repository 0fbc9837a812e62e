SELECT *, md5(concat_ws(chr(31), source_ref, coalesce(source_value, chr(30)), claim_value, class)) AS _hash FROM ({pairs}) AS every
