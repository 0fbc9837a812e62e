SELECT FROM ledger.collected
WHERE
    resource = %(resource)s AND remote_name = %(remote_name)s
    AND remote_bytes IS NOT DISTINCT FROM %(remote_bytes)s AND modified IS NOT DISTINCT FROM %(modified)s
LIMIT 1;
