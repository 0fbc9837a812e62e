-- To a ten-thousandth of a metre: doubles that differ by exactly the tolerance differ by a little more or less.
round(abs({a} - {b}), 9) <= {tolerance}
