-- Keys whose claims rulings move: those that rulings name, and the numbers in rows of which a steward ruled that they are somebody else's.
DROP VIEW IF EXISTS {view} CASCADE;
CREATE VIEW {view} AS
SELECT key FROM ledger.entity WHERE library = {library}
{numbers};
GRANT SELECT ON {view} TO shuyuan_loader, shuyuan_steward, shuyuan_web;
