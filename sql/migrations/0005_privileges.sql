-- Least privilege: what is not granted here, or when the catalog is put in force (sql/steps/grant_*.sql), is not allowed.
-- Tables are named one by one, never "all tables": a partition must be reached through its parent only.

-- PUBLIC has nothing: PostgreSQL lets everybody execute every new function unless told otherwise.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA catalog, ledger, share FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA catalog GRANT EXECUTE ON FUNCTIONS
TO shuyuan_loader, shuyuan_steward, shuyuan_web, shuyuan_auditor;
ALTER DEFAULT PRIVILEGES IN SCHEMA history GRANT EXECUTE ON FUNCTIONS TO shuyuan_steward, shuyuan_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA share GRANT EXECUTE ON FUNCTIONS TO shuyuan_web;

-- What is declared: no secret, analysts need it to know what there is.
GRANT USAGE ON SCHEMA catalog TO shuyuan_loader, shuyuan_steward, shuyuan_web, shuyuan_auditor, shuyuan_analyst;
GRANT SELECT ON catalog.department, catalog.resource, catalog.library, catalog.workday_calendar
TO shuyuan_loader, shuyuan_steward, shuyuan_web, shuyuan_auditor, shuyuan_analyst;

-- The line: writes what happens, moves state, never takes a row of the ledger back. It sees who asked only as far as harvesting needs.
GRANT USAGE ON SCHEMA ledger, source, claim, library, history, staging, share TO shuyuan_loader;
GRANT CREATE ON SCHEMA staging TO shuyuan_loader;
GRANT SELECT, INSERT ON ledger.batch, ledger.run, ledger.snapshot, ledger.load, ledger.finding, ledger.evidence, ledger.quarantine,
ledger.validation, ledger.crosscheck, ledger.discrepancy, ledger.breach, ledger.harvest TO shuyuan_loader;
GRANT UPDATE ON ledger.batch, ledger.run, ledger.snapshot, ledger.breach, ledger.harvest TO shuyuan_loader;
GRANT UPDATE (closed_run, closed_at) ON ledger.discrepancy TO shuyuan_loader;
GRANT INSERT, SELECT (origin) ON ledger.access TO shuyuan_loader;
GRANT SELECT (name, department) ON share.person TO shuyuan_loader;
GRANT EXECUTE ON FUNCTION ledger.ensure_month(text, date) TO shuyuan_loader;

-- Stewards judge data, so they read it and everything that happened to it; who else looked is the auditor's business.
GRANT USAGE ON SCHEMA ledger, source, claim, library, history, staging TO shuyuan_steward;
GRANT SELECT ON ledger.batch, ledger.run, ledger.snapshot, ledger.load, ledger.finding, ledger.evidence, ledger.quarantine,
ledger.validation, ledger.crosscheck, ledger.discrepancy, ledger.breach TO shuyuan_steward;

-- Auditors read what happened, who asked and what was opened to whom; never the registers themselves.
GRANT USAGE ON SCHEMA ledger, share TO shuyuan_auditor;
GRANT SELECT ON ledger.batch, ledger.run, ledger.snapshot, ledger.load, ledger.finding, ledger.evidence, ledger.quarantine,
ledger.validation, ledger.crosscheck, ledger.discrepancy, ledger.breach, ledger.harvest, ledger.access TO shuyuan_auditor;
GRANT SELECT ON share.person, share.permission TO shuyuan_auditor;

-- The doors of reading (console, query service, `shuyuan query`): read everything they may have to show, write one thing: that it was read.
GRANT USAGE ON SCHEMA ledger, source, claim, library, history, share TO shuyuan_web;
GRANT SELECT ON ledger.batch, ledger.run, ledger.load, ledger.finding, ledger.evidence, ledger.quarantine,
ledger.validation, ledger.crosscheck, ledger.discrepancy, ledger.breach, ledger.access TO shuyuan_web;
GRANT SELECT ON share.person, share.permission TO shuyuan_web;
GRANT INSERT ON ledger.access TO shuyuan_web;

-- Analysts: the open columns of the libraries (sql/steps/grant_library.sql) and nothing else of what is kept.
GRANT USAGE ON SCHEMA library TO shuyuan_analyst;
