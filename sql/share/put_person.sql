INSERT INTO share.person (name, department, role, active) VALUES (%(name)s, %(department)s, %(role)s, true)
ON CONFLICT (name) DO UPDATE SET department = excluded.department, role = excluded.role, active = true;
