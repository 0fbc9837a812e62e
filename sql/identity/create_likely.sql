TRUNCATE proposal;
CREATE TEMP TABLE likely ("left" text NOT NULL, "right" text NOT NULL, probability double precision NOT NULL) ON COMMIT DROP;
