CREATE TEMP TABLE proposal (
    resource text, alias text NOT NULL, key text NOT NULL, method text NOT NULL, probability double precision, why text NOT NULL, evidence jsonb NOT NULL
) ON COMMIT DROP;
