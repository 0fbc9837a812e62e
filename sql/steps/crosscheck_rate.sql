-- The pair, if more than the permitted share of its compared values disagree.
SELECT item, claim_ref, compared, disagreed
FROM {batch} AS pair
WHERE run_id = {run_id} AND item = {item} AND claim_ref = {claim_ref} AND disagreed > {max_rate} * compared
