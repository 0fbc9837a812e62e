-- A member's rows that may speak of entities that rulings name.
(
    SELECT * FROM {source}
    WHERE _key IN (
        {named}
        UNION
        SELECT row_key FROM ledger.row_now WHERE library = {library} AND resource = {resource}
    )
)
