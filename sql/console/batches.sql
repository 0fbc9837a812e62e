SELECT
    batch_id, business_date, mode, file_name, file_sha256, file_bytes, control_rows, state, reason, physical, loaded, quarantined, blank, preamble,
    inserted, updated, deleted, unchanged, received_at, changed_at
FROM ledger.batch WHERE resource = %(resource)s ORDER BY batch_id DESC LIMIT %(most)s;
