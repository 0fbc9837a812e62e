SELECT count({agrees}) AS compared, count(*) FILTER (WHERE NOT {agrees}) AS disagreed FROM checked
