-- Rows of a member whose name contradicts the published one and whose birth date or sex does too: somebody else with the same number.
INSERT INTO proposal (resource, alias, key, method, why, evidence)
SELECT
    {resource}, row._key, called.entity || '#' || called.nth, 'one_number_two_persons',
    'name and ' || string_agg(DISTINCT other.item, ', ') || ' contradict the register',
    jsonb_build_object('name', ARRAY[called.source_value, called.claim_value])
    || jsonb_object_agg(other.item, ARRAY[other.source_value, other.claim_value])
FROM (
    SELECT *, 1 + dense_rank() OVER (PARTITION BY entity ORDER BY claim_value) AS nth
    FROM ledger.discrepancy
    WHERE library = {library} AND item = {name_item} AND closed_run IS NULL AND class <> 'definition'
) AS called
INNER JOIN ledger.discrepancy AS other
    ON other.library = {library} AND other.entity = called.entity AND other.closed_run IS NULL
    AND other.item = ANY (ARRAY['birth_date', 'sex']) AND starts_with(other.claim_ref, {resource} || '.')
INNER JOIN {source} AS row ON row.{on} = called.entity AND {same_name}
WHERE called.claim_ref = {name_ref}
GROUP BY row._key, called.entity, called.nth, called.source_value, called.claim_value;
