-- As sql/compare/address.sql, in PostgreSQL's words.
{a} = {b}
OR (length({b}) >= 4 AND right({a}, length({b})) = {b} AND substr({a}, length({a}) - length({b}), 2) !~ '^[0-9][0-9]')
OR (length({a}) >= 4 AND right({b}, length({a})) = {a} AND substr({b}, length({b}) - length({a}), 2) !~ '^[0-9][0-9]')
