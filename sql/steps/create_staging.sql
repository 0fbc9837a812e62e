CREATE UNLOGGED TABLE {staging} (LIKE {like});
ALTER TABLE {staging} ALTER COLUMN _batch DROP NOT NULL, ALTER COLUMN _as_of DROP NOT NULL,
    ADD COLUMN _op text NOT NULL DEFAULT 'U';
GRANT SELECT ON {staging} TO shuyuan_steward, shuyuan_web;
