CREATE TABLE IF NOT EXISTS {table} (
    _key text PRIMARY KEY,
    _line bigint NOT NULL,
    _batch bigint NOT NULL,
    _as_of date NOT NULL,
    _raw jsonb,
    _verdicts jsonb,
    _hash text NOT NULL
) WITH (fillfactor = 90);
