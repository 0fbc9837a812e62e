-- Declared checks that this run did not compare.
SELECT declared.item, declared.claim_ref
FROM (VALUES {pairs}) AS declared (item, claim_ref)
WHERE NOT EXISTS (
    SELECT FROM {batch} AS compared
    WHERE compared.run_id = {run_id} AND compared.item = declared.item AND compared.claim_ref = declared.claim_ref
)
