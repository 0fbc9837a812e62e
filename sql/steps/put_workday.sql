INSERT INTO catalog.workday_calendar (day, is_workday, kind, source, confirmed)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (day) DO UPDATE SET
    is_workday = excluded.is_workday, kind = excluded.kind, source = excluded.source, confirmed = excluded.confirmed
WHERE workday_calendar.is_workday <> excluded.is_workday OR workday_calendar.confirmed <> excluded.confirmed;
