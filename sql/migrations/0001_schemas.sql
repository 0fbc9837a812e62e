-- The schemas of the warehouse. Nobody but the owner creates anything outside `staging`.
CREATE SCHEMA catalog;
CREATE SCHEMA ledger;
CREATE SCHEMA source;
CREATE SCHEMA claim;
CREATE SCHEMA library;
CREATE SCHEMA history;
CREATE SCHEMA staging;
CREATE SCHEMA share;

REVOKE ALL ON SCHEMA public FROM PUBLIC;

COMMENT ON SCHEMA source IS 'current rows of every resource, as admitted';
COMMENT ON SCHEMA claim IS 'views: what each member resource claims about each entity of a library';
COMMENT ON SCHEMA library IS 'current rows of every library: one number, one source';
COMMENT ON SCHEMA history IS 'every version of every library row, append-only, bitemporal';
COMMENT ON SCHEMA ledger IS 'what happened: batches, loads, findings, quarantine, discrepancies, access';

-- What is declared in catalog/*.yml, mirrored so that views and people can join it.
CREATE TABLE catalog.department (
    id text PRIMARY KEY,
    title text NOT NULL,
    title_en text NOT NULL,
    contact text NOT NULL
);

CREATE TABLE catalog.resource (
    id text PRIMARY KEY,
    department text NOT NULL REFERENCES catalog.department (id),
    title text NOT NULL,
    title_en text NOT NULL,
    classification text NOT NULL,
    update_cycle text NOT NULL,
    grace integer NOT NULL,
    mode text NOT NULL,
    share_type text NOT NULL,
    declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn_at timestamptz
);

CREATE TABLE catalog.library (
    id text PRIMARY KEY,
    title text NOT NULL,
    title_en text NOT NULL,
    kind text NOT NULL,
    lead text NOT NULL REFERENCES catalog.department (id),
    key_name text NOT NULL
);

-- Working days (工作日). `confirmed = false`: the State Council's notice for that year is not out; Monday to Friday is assumed.
CREATE TABLE catalog.workday_calendar (
    day date PRIMARY KEY,
    is_workday boolean NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    confirmed boolean NOT NULL
);
