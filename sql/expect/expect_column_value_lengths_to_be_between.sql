SELECT _line AS line, {column}::text AS value
FROM {delta} AS delta
WHERE length({column}) < {min_value} OR length({column}) > {max_value}
