INSERT INTO ledger.run (library, business_date, inputs)
VALUES (%(library)s, %(business_date)s, %(inputs)s)
RETURNING run_id;
