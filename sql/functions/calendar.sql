-- Counting working days (工作日) on catalog.workday_calendar. Beyond the calendar the answer is NULL, never a guess.

-- A term that would end on a rest day ends on the next working day (民法典 第二百零三条); what comes on a rest day has come on the next working day.
CREATE OR REPLACE FUNCTION catalog.working_day_from(start date) RETURNS date
LANGUAGE sql STABLE AS $$
    SELECT min(calendar.day) FROM catalog.workday_calendar AS calendar WHERE calendar.day >= start AND calendar.is_workday
$$;

-- The n-th working day after `start`: the day of receipt does not count. 0 days: `start` itself, or the working day that stands for it.
CREATE OR REPLACE FUNCTION catalog.add_working_days(start date, days integer) RETURNS date
LANGUAGE sql STABLE AS $$
    SELECT calendar.day FROM catalog.workday_calendar AS calendar
    WHERE calendar.day >= start AND calendar.is_workday
    ORDER BY calendar.day OFFSET days LIMIT 1
$$;

-- Working days after `start` up to and with `until`.
CREATE OR REPLACE FUNCTION catalog.working_days_between(start date, until date) RETURNS integer
LANGUAGE sql STABLE AS $$
    SELECT count(*)::integer FROM catalog.workday_calendar AS calendar
    WHERE calendar.day > start AND calendar.day <= until AND calendar.is_workday
$$;

-- Whether counting from `start` to `until` relies on days that nobody has announced yet.
CREATE OR REPLACE FUNCTION catalog.is_provisional(start date, until date) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM catalog.workday_calendar AS calendar
        WHERE calendar.day > start AND calendar.day <= until AND NOT calendar.confirmed
    )
$$;
