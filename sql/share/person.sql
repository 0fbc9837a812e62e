SELECT name, department, role, active FROM share.person WHERE name = %(name)s;
