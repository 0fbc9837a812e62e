-- Deliveries in parts, deliveries that say that nothing changed, and what was fetched from where.

-- `nochange`: the department says that its register is unchanged. An empty marker has the bytes of an empty file, which is another matter.
ALTER TABLE ledger.batch DROP CONSTRAINT batch_mode_check;
ALTER TABLE ledger.batch ADD CONSTRAINT batch_mode_check CHECK (mode IN ('full', 'change', 'nochange'));
ALTER TABLE ledger.batch DROP CONSTRAINT batch_resource_business_date_file_sha256_key;
CREATE UNIQUE INDEX batch_of_bytes ON ledger.batch (resource, business_date, file_sha256, (mode = 'nochange'));

-- The files that a batch of several is made of, and how many lines each has: a line of the batch counts through all of them.
-- `file_sha256` is null for a member of the one archive that was delivered.
CREATE TABLE ledger.part (
    batch_id bigint NOT NULL REFERENCES ledger.batch (batch_id),
    part integer NOT NULL CHECK (part > 0),
    file_name text NOT NULL,
    file_sha256 text,
    file_bytes bigint NOT NULL,
    lines bigint,
    PRIMARY KEY (batch_id, part)
);
COMMENT ON COLUMN ledger.part.lines IS 'physical lines, once it was read';

-- What a connector has fetched, so that it is not fetched again. `modified` is what the other side says of the file's age, in its own words.
CREATE TABLE ledger.collected (
    resource text NOT NULL,
    remote_name text NOT NULL,
    remote_bytes bigint,
    modified text,
    file_name text NOT NULL,
    file_sha256 text NOT NULL,
    file_bytes bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX collected_by_name ON ledger.collected (resource, remote_name);

GRANT SELECT, INSERT, UPDATE ON ledger.part TO shuyuan_loader;
GRANT SELECT, INSERT ON ledger.collected TO shuyuan_loader;
GRANT SELECT ON ledger.part, ledger.collected TO shuyuan_steward, shuyuan_auditor, shuyuan_web;
