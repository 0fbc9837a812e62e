SELECT version.*, version.valid_from AS _as_of FROM {as_of}(%(_valid)s, %(_known)s) AS version WHERE version._key = %(key)s;
