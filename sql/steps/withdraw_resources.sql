UPDATE catalog.resource SET withdrawn_at = clock_timestamp()
WHERE withdrawn_at IS NULL AND id <> ALL(%(declared)s);
