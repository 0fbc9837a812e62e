SELECT DISTINCT library, entity, item, claim_ref FROM ledger.discrepancy;
