-- The login stays, as the audit names it; nobody signs in by it any more, and who is signed in is sent away.
ALTER ROLE {role} NOLOGIN;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {name};
