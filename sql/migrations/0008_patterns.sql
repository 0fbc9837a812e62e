-- Who stands with whom about an item of an entity: one letter per claimant, the one source first, then the declared checks in their order;
-- the same letter says the same, a dot says nothing. What the court makes of a pattern stands with the court.
ALTER TABLE ledger.discrepancy ADD COLUMN pattern text;
