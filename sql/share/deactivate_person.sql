UPDATE share.person SET active = false WHERE name = %(name)s AND active;
