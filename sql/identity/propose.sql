-- Proposals of the temporary table `proposal` that are new: two keys, or a row and a key, that nobody has linked before in either direction.
INSERT INTO ledger.link (library, resource, alias, key, method, probability, why, evidence, proposed_by)
SELECT %(library)s, resource, alias, key, method, probability, why, evidence, %(by)s
FROM (
    SELECT DISTINCT ON (coalesce(resource, ''), least(alias, key), greatest(alias, key)) *
    FROM proposal
    ORDER BY coalesce(resource, ''), least(alias, key), greatest(alias, key), probability DESC NULLS FIRST, method, alias
) AS new
WHERE NOT EXISTS (
    SELECT FROM ledger.link AS known
    WHERE
        known.library = %(library)s AND known.resource IS NOT DISTINCT FROM new.resource
        AND (
            (known.alias = new.alias AND known.key = new.key)
            OR (new.resource IS NULL AND known.alias = new.key AND known.key = new.alias)
        )
)
ON CONFLICT DO NOTHING;
