INSERT INTO ledger.part (batch_id, part, file_name, file_sha256, file_bytes)
VALUES (%(batch_id)s, %(part)s, %(file_name)s, %(file_sha256)s, %(file_bytes)s)
ON CONFLICT (batch_id, part) DO NOTHING;
