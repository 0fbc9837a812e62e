-- Rows of a delivery without the lines that were set aside.
SELECT count(*) FROM :rows WHERE _line NOT IN (SELECT _line FROM aside)
