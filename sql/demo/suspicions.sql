-- Whom the court suspects in what still stands.
SELECT library, entity, item, claim_ref, suspect FROM ledger.suspicion;
