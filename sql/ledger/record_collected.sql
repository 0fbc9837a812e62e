INSERT INTO ledger.collected (resource, remote_name, remote_bytes, modified, file_name, file_sha256, file_bytes)
VALUES (%(resource)s, %(remote_name)s, %(remote_bytes)s, %(modified)s, %(file_name)s, %(file_sha256)s, %(file_bytes)s);
