INSERT INTO subject
SELECT NULL, NULL, row._key, true, {called}, {birth}, {sex}, array_remove(ARRAY[{marks}]::text[], NULL)
FROM {published} AS row;
