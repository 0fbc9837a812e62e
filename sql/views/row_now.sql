-- Rows that speak of another entity than their number says, or of one although they have no number: of whom, by what stewards ruled last.
CREATE OR REPLACE VIEW ledger.row_now AS
SELECT link.library, link.resource, link.alias AS row_key, coalesce(survivor.entity, link.key) AS entity
FROM ledger.link_now AS link
LEFT JOIN ledger.alias_now AS survivor ON survivor.library = link.library AND survivor.alias = link.key
WHERE link.resource IS NOT NULL AND link.state = 'confirmed';
GRANT SELECT ON ledger.row_now TO shuyuan_steward, shuyuan_loader, shuyuan_auditor, shuyuan_web;
