INSERT INTO ledger.batch (resource, business_date, mode, file_name, file_sha256, file_bytes, control_rows)
VALUES (%(resource)s, %(business_date)s, %(mode)s, %(file_name)s, %(file_sha256)s, %(file_bytes)s, %(control_rows)s)
ON CONFLICT (resource, business_date, file_sha256, (mode = 'nochange')) DO NOTHING
RETURNING batch_id;
