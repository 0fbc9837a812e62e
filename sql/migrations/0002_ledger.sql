-- The ledger: state tables (batch, run, discrepancy, breach, snapshot) and append-only memory (all others).

CREATE TABLE ledger.batch (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    resource text NOT NULL,
    business_date date NOT NULL,
    mode text NOT NULL CHECK (mode IN ('full', 'change')),
    file_name text NOT NULL,
    file_sha256 text NOT NULL,
    file_bytes bigint NOT NULL,
    control_rows bigint,
    state text NOT NULL DEFAULT 'received'
    CHECK (state IN ('received', 'read', 'checked', 'admitted', 'superseded', 'rejected', 'outdated', 'failed')),
    reason text,
    physical bigint,
    loaded bigint,
    quarantined bigint,
    blank bigint,
    preamble bigint,
    inserted bigint,
    updated bigint,
    deleted bigint,
    unchanged bigint,
    snapshot text,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (resource, business_date, file_sha256),
    -- Nothing lost, nothing silent: every physical row of an accepted delivery is accounted for.
    CONSTRAINT conservation CHECK (
        state NOT IN ('read', 'checked', 'admitted', 'superseded', 'outdated')
        OR (
            physical IS NOT NULL AND loaded IS NOT NULL AND quarantined IS NOT NULL
            AND blank IS NOT NULL AND preamble IS NOT NULL
            AND physical = loaded + quarantined + blank + preamble
        )
    )
);
CREATE INDEX batch_by_resource ON ledger.batch (resource, business_date, batch_id);

CREATE TABLE ledger.run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    library text NOT NULL,
    business_date date NOT NULL,
    inputs jsonb NOT NULL,
    state text NOT NULL DEFAULT 'resolving' CHECK (state IN ('resolving', 'resolved', 'published', 'unchanged', 'failed')),
    reason text,
    entities bigint,
    inserted bigint,
    updated bigint,
    deleted bigint,
    opened bigint,
    closed bigint,
    snapshot text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX run_by_library ON ledger.run (library, run_id);

-- Which lake snapshot is live. Moves only in the transaction that applies its delta to the warehouse.
CREATE TABLE ledger.snapshot (
    kind text NOT NULL CHECK (kind IN ('source', 'library', 'discrepancy')),
    name text NOT NULL,
    manifest text NOT NULL,
    batch_id bigint REFERENCES ledger.batch (batch_id),
    run_id bigint REFERENCES ledger.run (run_id),
    business_date date NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, name)
);

-- Every step of every batch and run, failures too.
CREATE TABLE ledger.load (
    load_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    role text NOT NULL DEFAULT session_user,
    step text NOT NULL,
    resource text,
    library text,
    batch_id bigint,
    run_id bigint,
    file_name text,
    file_sha256 text,
    rows_in bigint,
    rows_out bigint,
    counts jsonb NOT NULL DEFAULT '{}',
    seconds double precision NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('ok', 'nothing', 'duplicate', 'refused', 'failed')),
    message text,
    PRIMARY KEY (load_id, at)
) PARTITION BY RANGE (at);
CREATE INDEX load_by_batch ON ledger.load (batch_id);
CREATE INDEX load_by_run ON ledger.load (run_id);

CREATE TABLE ledger.finding (
    finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    batch_id bigint REFERENCES ledger.batch (batch_id),
    run_id bigint REFERENCES ledger.run (run_id),
    kind text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    dimension text,
    item text,
    rows bigint,
    message text NOT NULL
);
CREATE INDEX finding_by_batch ON ledger.finding (batch_id);
CREATE INDEX finding_by_run ON ledger.finding (run_id);

-- How many cells of a batch got which verdict; counted once while standardising, judged by the suite.
CREATE TABLE ledger.evidence (
    batch_id bigint NOT NULL REFERENCES ledger.batch (batch_id),
    item text NOT NULL,
    reason text NOT NULL,
    rows bigint NOT NULL,
    PRIMARY KEY (batch_id, item, reason)
);

CREATE TABLE ledger.quarantine (
    batch_id bigint NOT NULL REFERENCES ledger.batch (batch_id),
    line bigint NOT NULL,
    item text,
    value text,
    reason text NOT NULL,
    message text NOT NULL,
    raw text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (batch_id, line)
);

-- One row per Great Expectations validation of a batch or a library run; `results` is GX's own document.
CREATE TABLE ledger.validation (
    validation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    suite text NOT NULL,
    batch_id bigint REFERENCES ledger.batch (batch_id),
    run_id bigint REFERENCES ledger.run (run_id),
    success boolean NOT NULL,
    evaluated integer NOT NULL,
    failed integer NOT NULL,
    score numeric(5, 2) NOT NULL,
    decision text NOT NULL CHECK (decision IN ('pass', 'quarantine', 'reject')),
    results jsonb NOT NULL,
    docs text
);
CREATE INDEX validation_by_batch ON ledger.validation (batch_id);
CREATE INDEX validation_by_run ON ledger.validation (run_id);

-- Multi-source cross-check (多元校核): every declared pair, every run.
CREATE TABLE ledger.crosscheck (
    run_id bigint NOT NULL REFERENCES ledger.run (run_id),
    library text NOT NULL,
    item text NOT NULL,
    claim_ref text NOT NULL,
    compared bigint NOT NULL,
    disagreed bigint NOT NULL,
    PRIMARY KEY (run_id, item, claim_ref)
);

CREATE TABLE ledger.discrepancy (
    discrepancy_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    library text NOT NULL,
    entity text NOT NULL,
    item text NOT NULL,
    source_ref text NOT NULL,
    source_value text,
    claim_ref text NOT NULL,
    claim_value text NOT NULL,
    class text NOT NULL CHECK (class IN ('error', 'timing', 'definition')),
    opened_run bigint NOT NULL REFERENCES ledger.run (run_id),
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_run bigint REFERENCES ledger.run (run_id),
    closed_at timestamptz
);
CREATE UNIQUE INDEX discrepancy_open ON ledger.discrepancy (library, entity, item, claim_ref) WHERE closed_run IS NULL;
CREATE INDEX discrepancy_by_run ON ledger.discrepancy (opened_run);

-- A feed that was due and did not come in time.
CREATE TABLE ledger.breach (
    breach_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    resource text NOT NULL,
    expected_for date NOT NULL,
    due_on date NOT NULL,
    detected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    provisional boolean NOT NULL DEFAULT false,
    closed_by_batch bigint REFERENCES ledger.batch (batch_id),
    closed_at timestamptz,
    working_days_late integer NOT NULL DEFAULT 0,
    UNIQUE (resource, expected_for)
);

-- Every read, granted or refused, from every door (国发 51号 第十二条; 深圳 第二十九条: 用途、人员、批准人、内容、时间、方式、介质).
CREATE TABLE ledger.access (
    access_id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    user_name text NOT NULL,
    department text,
    role text,
    purpose text,
    approver text,
    statement text NOT NULL,
    objects text[] NOT NULL DEFAULT '{}',
    columns text[] NOT NULL DEFAULT '{}',
    rows bigint,
    seconds double precision,
    method text NOT NULL CHECK (method IN ('cli', 'http', 'console', 'psql')),
    medium text,
    outcome text NOT NULL CHECK (outcome IN ('granted', 'refused', 'failed')),
    reason text NOT NULL,
    origin text,
    PRIMARY KEY (access_id, at)
) PARTITION BY RANGE (at);
CREATE INDEX access_by_user ON ledger.access (user_name, at);
-- `origin` identifies a harvested log line (session and line number), so that a second harvest adds nothing.
CREATE INDEX access_by_origin ON ledger.access (origin) WHERE origin IS NOT NULL;

-- How far the server's json log has been harvested.
CREATE TABLE ledger.harvest (
    file_name text PRIMARY KEY,
    bytes_read bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
