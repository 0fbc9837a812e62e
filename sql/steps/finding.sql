-- The entities of one bucket for which two registers cannot both be right. Until the days are over in which the later one may still learn
-- of it, the row is of class timing and says when it turns.
SELECT
    entity, {item} AS item, source_ref, CAST(source_claim AS VARCHAR) AS source_value, {claim_ref} AS claim_ref,
    CAST(claim AS VARCHAR) AS claim_value,
    CASE WHEN turns > DATE '{business_date}' THEN 'timing' ELSE 'finding' END AS class,
    CAST(NULL AS VARCHAR) AS pattern,
    CASE WHEN turns > DATE '{business_date}' THEN turns END AS _turns
FROM (
    SELECT _key AS entity, {source_ref} AS source_ref, {source} AS source_claim, {claim} AS claim, {turns} AS turns
    FROM {checked}
    WHERE {claim} IS NOT NULL AND ({scope}) AND ({alternatives})
) AS found
