-- A bit per remainder of a touched entity's hash: who has none is not touched.
SELECT bitstring_agg(CAST(hash(entity) % {bits} AS INTEGER), 0, {bits} - 1) FROM {touched}
