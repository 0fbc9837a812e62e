-- What a day of the past says when it is resolved again, and whom it is asked about.
CREATE TEMP TABLE replayed (LIKE {like}) ON COMMIT DROP;
ALTER TABLE replayed DROP COLUMN _run, DROP COLUMN _as_of;
CREATE TEMP TABLE standing (LIKE replayed) ON COMMIT DROP;
CREATE TEMP TABLE named (_key text PRIMARY KEY) ON COMMIT DROP;
