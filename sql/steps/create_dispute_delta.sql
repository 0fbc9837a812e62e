CREATE TEMP TABLE dispute (
    _op text, entity text, item text, source_ref text, source_value text, claim_ref text, claim_value text, class text, pattern text
) ON COMMIT DROP;
