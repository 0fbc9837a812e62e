INSERT INTO ledger.harvest (file_name, bytes_read) VALUES (%(file_name)s, %(bytes_read)s)
ON CONFLICT (file_name) DO UPDATE SET bytes_read = excluded.bytes_read, changed_at = clock_timestamp()
WHERE harvest.bytes_read <> excluded.bytes_read;
