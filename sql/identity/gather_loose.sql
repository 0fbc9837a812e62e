-- Rows of a member whose number the library does not hold, or which have none, unless a ruling has settled whom they speak of.
INSERT INTO subject
SELECT {resource}, row._key, row.{on}, false, {called}, {birth}, {sex}, array_remove(ARRAY[{marks}]::text[], NULL)
FROM {source} AS row
WHERE
    NOT EXISTS (SELECT FROM {published} AS library WHERE library._key = row.{on})
    AND NOT EXISTS (SELECT FROM ledger.alias_now AS known WHERE known.library = {library} AND known.alias = row.{on})
    AND NOT EXISTS (
        SELECT FROM ledger.link_now AS known
        WHERE known.library = {library} AND known.resource = {resource} AND known.alias = row._key AND known.state = 'confirmed'
    );
