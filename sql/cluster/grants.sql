-- Who may enter which database. PostgreSQL lets PUBLIC connect everywhere by default; here only named roles may.
REVOKE ALL ON DATABASE shuyuan, airflow, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE shuyuan TO shuyuan_loader, shuyuan_steward, shuyuan_auditor, shuyuan_web, shuyuan_analyst;
GRANT TEMPORARY ON DATABASE shuyuan TO shuyuan_loader;
