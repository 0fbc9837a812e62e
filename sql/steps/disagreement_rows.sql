SELECT *, md5(concat_ws(chr(31), source_ref, source_value, claim_value, class)) AS _hash FROM ({pairs}) AS every
