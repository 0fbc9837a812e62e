SELECT * FROM {claims} WHERE entity = %(key)s;
