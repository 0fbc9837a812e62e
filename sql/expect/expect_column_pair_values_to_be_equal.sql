SELECT _line AS line, concat_ws(' / ', {column_A}, {column_B}) AS value
FROM {delta} AS delta
WHERE {column_A} <> {column_B}
