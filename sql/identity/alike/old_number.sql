(a.key, b.key) IN (SELECT one.key, other.key FROM number AS one INNER JOIN number AS other USING (kind, value) WHERE one.key <> other.key)
