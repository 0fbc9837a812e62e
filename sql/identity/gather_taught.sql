INSERT INTO taught
SELECT {resource}, row._key, row.{on}, false, {called}, {birth}, {sex}, array_remove(ARRAY[{marks}]::text[], NULL)
FROM {source} AS row
INNER JOIN sample ON sample.key = row.{on};
