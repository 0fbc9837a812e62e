-- Of these keys those that a full delivery neither has nor ends: they stood in rows that were set aside, or among the words of a line that
-- could not be read.
SELECT _key FROM asked
WHERE
    _key NOT IN (SELECT _key FROM :rows WHERE _line NOT IN (SELECT _line FROM aside))
    AND (
        _key IN (SELECT _key FROM withheld)
        OR _key IN (SELECT _key FROM :rows WHERE _line IN (SELECT _line FROM aside))
        OR upper(split_part(_key, chr(31), 1)) IN (SELECT word FROM unread)
    )
