-- The disagreements of one declared pair, in long form.
SELECT
    _key AS entity, {item_text} AS item, {origin} AS source_ref, CAST({item} AS VARCHAR) AS source_value,
    {claim_ref} AS claim_ref, CAST({claim} AS VARCHAR) AS claim_value, {class} AS class, {pattern} AS pattern, {turns} AS _turns
FROM checked
WHERE {claim} IS NOT NULL
