-- To a ten-thousandth of a metre: doubles that differ by exactly the tolerance differ by a little more or less. No rounding, which engines do differently.
abs({a} - {b}) < CAST({tolerance} AS DOUBLE) + 5e-10
