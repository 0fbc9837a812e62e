-- Did a steward rule that this row speaks of another entity than it says?
coalesce({on} IN (SELECT alias FROM aliases), false)
OR _key IN (SELECT row_key FROM ruled_rows WHERE resource = {resource})
