-- The same grant twice is one grant: an identical one still in force is kept.
WITH known AS (
    SELECT grant_id FROM share.permission
    WHERE
        library = %(library)s AND person IS NOT DISTINCT FROM %(person)s::text AND department IS NOT DISTINCT FROM %(department)s::text
        AND items = %(items)s AND purposes = %(purposes)s AND approver = %(approver)s
        AND valid_to IS NOT DISTINCT FROM %(valid_to)s::date AND revoked_at IS NULL
),

made AS (
    INSERT INTO share.permission (library, person, department, items, purposes, approver, valid_to)
    SELECT %(library)s, %(person)s, %(department)s, %(items)s, %(purposes)s, %(approver)s, %(valid_to)s
    WHERE NOT EXISTS (SELECT FROM known)
    RETURNING grant_id
)

SELECT grant_id, false AS is_new FROM known UNION ALL SELECT grant_id, true FROM made LIMIT 1;
