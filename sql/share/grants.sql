-- Ended and revoked grants too: a refusal says which of them is the reason.
SELECT grant_id, items, purposes, approver, valid_from, valid_to, revoked_at IS NOT NULL AS revoked
FROM share.permission
WHERE
    library = %(library)s
    AND (person = %(name)s OR department = (SELECT department FROM share.person WHERE name = %(name)s))
ORDER BY grant_id;
