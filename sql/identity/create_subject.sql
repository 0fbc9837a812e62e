-- Who the library knows, and who its members speak of although it does not: one row each. `birth`: YYYYMMDD.
-- `marks`: what two people or two bodies rarely share, as item=value.
CREATE TEMP TABLE subject (
    resource text, row_key text, key text, published boolean NOT NULL, name text, birth text, sex text, marks text[] NOT NULL,
    subject_id bigint GENERATED ALWAYS AS IDENTITY
) ON COMMIT DROP;
CREATE TEMP TABLE number (key text NOT NULL, kind text NOT NULL, value text NOT NULL) ON COMMIT DROP;
