SELECT {fields} FROM ledger.snapshot WHERE kind = %(kind)s AND name = %(name)s;
