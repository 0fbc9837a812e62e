SELECT file_name, file_sha256 FROM ledger.collected
WHERE resource = %(resource)s AND remote_name = %(remote_name)s
ORDER BY at DESC;
