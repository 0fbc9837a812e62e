-- The disagreements of one pair, in long form.
SELECT
    id_no AS entity, {item_text} AS item, {claim_ref} AS claim_ref, CAST({item} AS text) AS source_value, CAST({claim} AS text) AS claim_value,
    {class} AS class{pattern}
FROM {checked}
WHERE {claim} IS NOT NULL
