-- Periods of an update cycle (更新周期, 政务信息资源目录编制指南 1272号). A period is named by its last day.

-- The last day of the period that holds `day`. Irregular cycles have no periods.
CREATE OR REPLACE FUNCTION catalog.period_end(cycle text, day date) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE cycle
        WHEN 'realtime' THEN day
        WHEN 'daily' THEN day
        WHEN 'weekly' THEN (date_trunc('week', day) + interval '6 days')::date
        WHEN 'monthly' THEN (date_trunc('month', day) + interval '1 month - 1 day')::date
        WHEN 'quarterly' THEN (date_trunc('quarter', day) + interval '3 months - 1 day')::date
        WHEN 'semiannual' THEN make_date(extract(year FROM day)::integer, CASE WHEN extract(month FROM day) <= 6 THEN 6 ELSE 12 END,
            CASE WHEN extract(month FROM day) <= 6 THEN 30 ELSE 31 END)
        WHEN 'annual' THEN make_date(extract(year FROM day)::integer, 12, 31)
    END
$$;

-- The period after the one that holds `day`.
CREATE OR REPLACE FUNCTION catalog.next_period_end(cycle text, day date) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
    SELECT catalog.period_end(cycle, catalog.period_end(cycle, day) + 1)
$$;

-- The last day on which a delivery for a period is in time: the first working day after it (of a realtime feed: from the period's own day on),
-- and as many working days of grace as the catalog gives.
CREATE OR REPLACE FUNCTION catalog.due_on(cycle text, period date, grace integer) RETURNS date
LANGUAGE sql STABLE AS $$
    SELECT catalog.add_working_days(CASE WHEN cycle = 'realtime' THEN period ELSE period + 1 END, grace)
$$;

-- Which day it is: `shuyuan.today` where a session has set it (a business date that is replayed), else the server's.
CREATE OR REPLACE FUNCTION catalog.today() RETURNS date
LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('shuyuan.today', true), '')::date, current_date)
$$;
