-- Identity: the platform's id of every entity, links between keys, and what stewards ruled about them.

-- What ids are made with. An id must not give its number away: whoever could make ids could try every citizen number there is.
CREATE TABLE ledger.entity_secret (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    secret text NOT NULL
);
INSERT INTO ledger.entity_secret (secret)
VALUES (encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'));

-- The id of a key: a name-based UUID of version 8 (RFC 9562, 5.8) over SHA-256 of secret, library and key. The same in every rebuild.
CREATE FUNCTION ledger.entity_id(library text, key text) RETURNS uuid
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT CAST(left(h, 12) || '8' || substr(h, 14, 3) || '8' || substr(h, 18, 15) AS uuid)
    FROM (
        SELECT encode(sha256(convert_to(concat_ws(chr(31), secret, $1, $2), 'UTF8')), 'hex') AS h
        FROM ledger.entity_secret
    ) AS made
$$;

-- The published key of an id. An id does not tell its key, so every key is tried, about a second for a million; NULL if it is none of them.
CREATE FUNCTION ledger.key_of(library text, entity_id uuid) RETURNS text
LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    begins text;
    found text;
BEGIN
    SELECT concat_ws(chr(31), secret, library, '') INTO begins FROM ledger.entity_secret;
    EXECUTE format(
        'SELECT _key FROM library.%I WHERE substr(sha256(convert_to($1 || _key, ''UTF8'')), 1, 6) = $2 AND ledger.entity_id($3, _key) = $4',
        library)
    INTO found USING begins, substr(uuid_send(entity_id), 1, 6), library, entity_id;
    RETURN found;
END;
$$;

-- Keys that rulings name, with their ids: few, and the way back from an id to its key.
CREATE TABLE ledger.entity (
    library text NOT NULL,
    key text NOT NULL,
    entity_id uuid NOT NULL UNIQUE,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (library, key)
);

-- A link says that `alias` speaks of the entity `key`. Without `resource` the alias is a key of the library; with it, the key of one row there.
CREATE TABLE ledger.link (
    link_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    library text NOT NULL,
    resource text,
    alias text NOT NULL,
    key text NOT NULL,
    method text NOT NULL,
    probability double precision CHECK (probability BETWEEN 0 AND 1),
    why text NOT NULL,
    evidence jsonb NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (resource IS NOT NULL OR alias <> key)
);
CREATE UNIQUE INDEX link_once ON ledger.link (library, coalesce(resource, ''), alias, key);
CREATE INDEX link_by_key ON ledger.link (library, key);

CREATE TABLE ledger.link_ruling (
    ruling_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    link_id bigint NOT NULL REFERENCES ledger.link (link_id),
    verdict text NOT NULL CHECK (verdict IN ('confirmed', 'refused', 'withdrawn')),
    ruled_by text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    ruled_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ruling_of_link ON ledger.link_ruling (link_id, ruling_id DESC);

-- Every link as its last ruling left it.
CREATE VIEW ledger.link_now AS
SELECT link.*, coalesce(last.verdict, 'proposed') AS state, last.ruled_by, last.ruled_at, last.reason
FROM ledger.link
LEFT JOIN LATERAL (
    SELECT * FROM ledger.link_ruling AS ruling WHERE ruling.link_id = link.link_id ORDER BY ruling.ruling_id DESC LIMIT 1
) AS last ON true;

-- Confirmed links of keys, followed to the one that remains.
CREATE VIEW ledger.alias_now AS
WITH RECURSIVE confirmed AS (
    SELECT library, alias, key FROM ledger.link_now WHERE resource IS NULL AND state = 'confirmed'
),

chain AS (
    SELECT library, alias, key FROM confirmed
    UNION
    SELECT chain.library, chain.alias, confirmed.key
    FROM chain
    INNER JOIN confirmed ON confirmed.library = chain.library AND confirmed.alias = chain.key
)

SELECT library, alias, key AS entity
FROM chain
WHERE NOT EXISTS (SELECT FROM confirmed WHERE confirmed.library = chain.library AND confirmed.alias = chain.key);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['entity_secret', 'entity', 'link', 'link_ruling'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()', name);
        EXECUTE format(
            'CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.%I FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', name);
    END LOOP;
END;
$$;

-- The line proposes, stewards rule, the line follows what they ruled; the others read. Nobody reads the secret.
GRANT SELECT, INSERT ON ledger.entity, ledger.link, ledger.link_ruling TO shuyuan_steward;
GRANT SELECT, INSERT ON ledger.link TO shuyuan_loader;
GRANT SELECT ON ledger.entity, ledger.link_ruling TO shuyuan_loader;
GRANT SELECT ON ledger.entity, ledger.link, ledger.link_ruling TO shuyuan_auditor, shuyuan_web;
GRANT SELECT ON ledger.link_now, ledger.alias_now TO shuyuan_steward, shuyuan_loader, shuyuan_auditor, shuyuan_web;
GRANT EXECUTE ON FUNCTION ledger.entity_id(text, text), ledger.key_of(text, uuid) TO shuyuan_steward, shuyuan_loader, shuyuan_web;
GRANT USAGE ON SCHEMA share TO shuyuan_steward;
GRANT SELECT (name, role, active) ON share.person TO shuyuan_steward;
