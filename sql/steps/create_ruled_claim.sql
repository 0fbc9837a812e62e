-- What a member says of the entities that rulings name, by what stewards ruled; of nobody else.
DROP VIEW IF EXISTS {view};
CREATE VIEW {view} AS
WITH
aliases AS (SELECT alias, entity FROM ledger.alias_now WHERE library = {library}),
ruled_rows AS (SELECT resource, row_key, entity FROM ledger.row_now WHERE library = {library})

{claims};
GRANT SELECT ON {view} TO shuyuan_loader, shuyuan_steward, shuyuan_web;
