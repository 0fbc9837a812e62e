-- The disagreements of one declared pair, in long form. Timing: the event is recent, or the source has moved on since the claim was made.
SELECT
    concat_ws(chr(31), _key, {item_text}, {claim_ref}) AS _key,
    _key AS entity, {item_text} AS item, {origin} AS source_ref, CAST({item} AS VARCHAR) AS source_value,
    {claim_ref} AS claim_ref, CAST({claim} AS VARCHAR) AS claim_value,
    CASE
        WHEN {definition} THEN 'definition'
        WHEN
            {timing} > 0 AND (
                DATE '{business_date}' - {event} BETWEEN 0 AND {timing}
                OR ({source_as_of} > {claim_as_of} AND DATE '{business_date}' - {source_as_of} <= {timing})
            )
            THEN 'timing'
        ELSE 'error'
    END AS class
FROM checked
WHERE NOT {agrees}
