SELECT EXISTS (SELECT FROM share.person WHERE name = %(name)s AND role = 'steward' AND active);
