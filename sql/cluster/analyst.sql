-- What every analyst's login carries. The two log settings are what makes direct SQL auditable: the server writes each
-- statement to its JSON log before it runs, and only a superuser may change that.
GRANT shuyuan_analyst TO {role};
ALTER ROLE {role} LOGIN;
ALTER ROLE {role} SET log_statement = 'all';
ALTER ROLE {role} SET log_duration = 'on';
ALTER ROLE {role} CONNECTION LIMIT 20;
