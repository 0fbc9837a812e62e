-- A child born that day in its mother's household, of the same sex: the one with the name of the certificate, or the only one.
(a.row_key, b.key) IN (
    SELECT cert._key, child.id_no
    FROM source.health__birth AS cert
    INNER JOIN source.public_security__resident AS mother ON mother.id_no = cert.mother_id_no
    INNER JOIN source.public_security__resident AS child
        ON child.hukou_no = mother.hukou_no AND child.birth_date = cert.birth_date AND child.id_no <> mother.id_no
    WHERE cert.child_id_no IS NULL AND coalesce(child.sex = cert.child_sex, true)
        AND (
            child.name = cert.child_name
            OR NOT EXISTS (
                SELECT FROM source.public_security__resident AS twin
                WHERE twin.hukou_no = child.hukou_no AND twin.birth_date = child.birth_date
                    AND twin.id_no <> child.id_no AND twin.sex IS NOT DISTINCT FROM child.sex
            )
        )
)
AND a.resource = 'health.birth'
