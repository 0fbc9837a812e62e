GRANT SELECT, INSERT, UPDATE, DELETE ON {library} TO shuyuan_loader;
GRANT SELECT, INSERT ON {history} TO shuyuan_loader;
GRANT SELECT ON {library}, {history} TO shuyuan_steward, shuyuan_web;
REVOKE ALL ON {library} FROM shuyuan_analyst;
GRANT SELECT ({open}) ON {library} TO shuyuan_analyst;
