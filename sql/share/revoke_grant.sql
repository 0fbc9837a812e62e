UPDATE share.permission SET revoked_at = clock_timestamp() WHERE grant_id = %(grant_id)s AND revoked_at IS NULL;
