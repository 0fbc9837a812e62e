DROP VIEW IF EXISTS {view};
CREATE VIEW {view} AS
{claims};
GRANT SELECT ON {view} TO shuyuan_loader, shuyuan_steward, shuyuan_web;
