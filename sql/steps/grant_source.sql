GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO shuyuan_loader;
GRANT SELECT ON {table} TO shuyuan_steward, shuyuan_web;
