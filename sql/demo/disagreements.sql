-- What still stands: a claim that another department's delivery of the same day settled an hour later was never a defect.
SELECT DISTINCT library, entity, item, claim_ref FROM ledger.discrepancy
WHERE closed_run IS NULL;
