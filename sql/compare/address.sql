-- One may leave out province, city or district: then it is the end of the other, of some length, and begins in no middle of a number.
{a} = {b}
OR (length({b}) >= 4 AND suffix({a}, {b}) AND NOT regexp_matches(substr({a}, length({a}) - length({b}), 2), '^[0-9][0-9]'))
OR (length({a}) >= 4 AND suffix({b}, {a}) AND NOT regexp_matches(substr({b}, length({b}) - length({a}), 2), '^[0-9][0-9]'))
