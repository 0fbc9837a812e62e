abs(date_diff('day', {a}, {b})) <= {tolerance}
