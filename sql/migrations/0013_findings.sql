-- What a library's contradictions find (thematic checks) stands with the discrepancies: the id of the check is the item, the class is finding.
ALTER TABLE ledger.discrepancy
DROP CONSTRAINT discrepancy_class_check,
ADD CONSTRAINT discrepancy_class_check CHECK (class IN ('error', 'timing', 'definition', 'finding'));
