-- What a member says about the entity, and the row that says it: its key, what was written where it was changed, what is wrong with it.
-- Where it stands is asked of deliveries in parts only.
SELECT
    claim.*, told._key AS _row, told._raw, told._verdicts,
    CASE
        WHEN EXISTS (SELECT FROM ledger.part AS part WHERE part.batch_id = claim._batch) THEN ledger.place(claim._batch, claim._line)
    END AS _place
FROM {claims} AS claim
LEFT JOIN {source} AS told ON told._batch = claim._batch AND told._line = claim._line AND %(key)s IN ({on})
WHERE claim.entity = %(key)s;
