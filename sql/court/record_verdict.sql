INSERT INTO ledger.verdict (run_id, library, item, source_ref, pattern, claim_ref, source_right, claim_right, suspect, probability)
VALUES (
    %(run_id)s, %(library)s, %(item)s, %(source_ref)s, %(pattern)s, %(claim_ref)s, %(source_right)s, %(claim_right)s, %(suspect)s, %(probability)s
);
