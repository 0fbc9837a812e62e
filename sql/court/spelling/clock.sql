-- A time of day, in minutes: the first hh:mm of a text, on the twelve-hour clock where a.m. or p.m. follows; a date beside it makes no difference.
CASE
    WHEN regexp_matches({text}, '\d{1,2}:\d{2}') THEN
        CAST(
            CAST(regexp_extract({text}, '(\d{1,2}):(\d{2})', 2) AS INTEGER)
            + 60 * CASE lower(regexp_extract({text}, '(\d{1,2}):(\d{2})\s*([aApP]?)', 3))
                WHEN 'a' THEN CAST(regexp_extract({text}, '(\d{1,2}):', 1) AS INTEGER) % 12
                WHEN 'p' THEN CAST(regexp_extract({text}, '(\d{1,2}):', 1) AS INTEGER) % 12 + 12
                ELSE CAST(regexp_extract({text}, '(\d{1,2}):', 1) AS INTEGER)
            END AS VARCHAR
        )
END
