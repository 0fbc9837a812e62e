SELECT _line AS line, concat_ws(' / ', {column_A}, {column_B}) AS value
FROM {delta} AS delta
WHERE NOT ({column_A} > {column_B} OR ({or_equal} AND {column_A} = {column_B}))
