-- Rows of a member whose name contradicts the published one and whose birth date or sex does too: somebody else with the same number,
-- who gets the next number that no ruling has given away.
INSERT INTO proposal (resource, alias, key, method, why, evidence)
SELECT
    {resource}, row._key, called.entity || '#' || called.nth + taken.up_to, 'one_number_two_persons',
    '姓名和' || string_agg(DISTINCT CAST({labels} AS jsonb) ->> other.item, '、') || '与登记不符 / '
    || 'name and ' || string_agg(DISTINCT other.item, ', ') || ' contradict the register',
    jsonb_build_object('name', ARRAY[called.source_value, called.claim_value])
    || jsonb_object_agg(other.item, ARRAY[other.source_value, other.claim_value])
FROM (
    SELECT *, dense_rank() OVER (PARTITION BY entity ORDER BY claim_value) AS nth
    FROM ledger.discrepancy
    WHERE library = {library} AND item = {name_item} AND closed_run IS NULL AND class <> 'definition'
) AS called
INNER JOIN ledger.discrepancy AS other
    ON other.library = {library} AND other.entity = called.entity AND other.closed_run IS NULL
    AND other.item = ANY (ARRAY['birth_date', 'sex']) AND starts_with(other.claim_ref, {resource} || '.')
CROSS JOIN LATERAL (
    SELECT coalesce(max(CAST(split_part(key, '#', 2) AS int)), 1) AS up_to FROM ledger.link_now
    WHERE library = {library} AND resource IS NOT NULL AND state = 'confirmed' AND starts_with(key, called.entity || '#')
) AS taken
INNER JOIN {source} AS row ON row.{on} = called.entity AND {same_name}
WHERE called.claim_ref = {name_ref}
GROUP BY row._key, called.entity, called.nth, taken.up_to, called.source_value, called.claim_value;
