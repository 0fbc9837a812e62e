-- Rows that speak of another entity than their number says, or of one although they have no number.
SELECT link.resource, link.alias AS row_key, coalesce(survivor.entity, link.key) AS entity
FROM ledger.link_now AS link
LEFT JOIN ledger.alias_now AS survivor ON survivor.library = link.library AND survivor.alias = link.key
WHERE link.library = %(library)s AND link.resource IS NOT NULL AND link.state = 'confirmed'
ORDER BY link.resource, link.alias;
