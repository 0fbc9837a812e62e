-- A value as text, as DuckDB writes it. Only doubles differ: 113.931 and 120.0 alike, but 1.0E-4 is 0.0001 and 1.0E-5 is 1e-05. (What is no double
-- does not pay for this: the type is known when the query is planned.)
CASE
    WHEN typeof(:it) <> 'double' OR CAST(CAST(:it AS STRING) AS DOUBLE) = 0 THEN CAST(:it AS STRING)
    WHEN abs(CAST(CAST(:it AS STRING) AS DOUBLE)) >= 0.0001
        THEN regexp_replace(CAST(CAST(CAST(:it AS STRING) AS DECIMAL(38, 20)) AS STRING), '(\\.[0-9]+?)0*\\z', '$1')
    ELSE regexp_replace(regexp_replace(CAST(:it AS STRING), '(\\.0)?E-', 'e-'), 'e-([0-9])\\z', 'e-0$1')
END
