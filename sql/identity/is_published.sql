SELECT EXISTS (SELECT FROM {published} WHERE _key = %(key)s);
