SELECT * FROM {library} WHERE _key = %(key)s;
