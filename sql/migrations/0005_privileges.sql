-- Least privilege. Tables of source, claim, library and history get theirs when the catalog is put in force (sql/steps/grant_*.sql).
GRANT USAGE ON SCHEMA catalog, ledger, source, claim, library, history, staging, share
TO shuyuan_loader, shuyuan_steward, shuyuan_web;
GRANT USAGE ON SCHEMA catalog, ledger, share TO shuyuan_auditor;
GRANT USAGE ON SCHEMA catalog, library TO shuyuan_analyst;
GRANT CREATE ON SCHEMA staging TO shuyuan_loader;

GRANT SELECT ON ALL TABLES IN SCHEMA catalog TO shuyuan_loader, shuyuan_steward, shuyuan_web, shuyuan_auditor, shuyuan_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO shuyuan_loader, shuyuan_steward, shuyuan_web, shuyuan_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA share TO shuyuan_web, shuyuan_auditor, shuyuan_loader;

GRANT INSERT ON ledger.batch, ledger.run, ledger.snapshot, ledger.load, ledger.finding, ledger.evidence, ledger.quarantine,
ledger.validation, ledger.crosscheck, ledger.discrepancy, ledger.breach, ledger.access, ledger.harvest TO shuyuan_loader;
GRANT UPDATE ON ledger.batch, ledger.run, ledger.snapshot, ledger.breach, ledger.harvest TO shuyuan_loader;
GRANT UPDATE (closed_run, closed_at) ON ledger.discrepancy TO shuyuan_loader;
GRANT EXECUTE ON FUNCTION ledger.ensure_month(text, date) TO shuyuan_loader;

GRANT INSERT ON ledger.access TO shuyuan_web;
