SELECT {columns}
FROM named CROSS JOIN LATERAL (SELECT * FROM {as_of}(%(day)s) AS version WHERE version._key = named._key) AS known
