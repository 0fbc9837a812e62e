-- Only the persons about whom somebody disagrees.
SELECT * FROM ({joined}) AS joined
WHERE {any}
