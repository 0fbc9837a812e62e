-- Entities that stewards ever ruled about: few, so all of them are looked at again. `moved`: by rulings since the last run, withdrawn ones too.
SELECT entity, {bucket} AS _bucket
FROM (
    SELECT entity FROM moved
    UNION SELECT alias FROM aliases
    UNION SELECT entity FROM aliases
    UNION SELECT entity FROM ruled_rows
) AS ruled
