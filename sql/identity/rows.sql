-- Rows that speak of another entity than their number says, or of one although they have no number.
SELECT resource, row_key, entity FROM ledger.row_now WHERE library = %(library)s ORDER BY resource, row_key;
