CAST(regexp_extract(_metadata.file_name, '([0-9]+)_*[.]parquet$', 1) AS INT)
