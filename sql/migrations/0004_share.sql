-- Who may read what for which purpose. Nothing here: nothing granted.
CREATE TABLE share.person (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,30}$'),
    department text NOT NULL,
    role text NOT NULL CHECK (role IN ('analyst', 'steward', 'auditor', 'engineer')),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A grant opens items of one library to one person or to a whole department, for stated purposes, for a time, approved by someone.
CREATE TABLE share.permission (
    grant_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    library text NOT NULL,
    person text REFERENCES share.person (name),
    department text,
    items text[] NOT NULL,
    purposes text[] NOT NULL,
    approver text NOT NULL,
    valid_from date NOT NULL DEFAULT current_date,
    valid_to date,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    CHECK ((person IS NULL) <> (department IS NULL))
);
