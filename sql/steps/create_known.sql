CREATE TEMP TABLE known ON COMMIT DROP AS SELECT {columns} FROM {as_of}(%(day)s) AS known;
