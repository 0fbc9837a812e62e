SELECT {fields} FROM ledger.run WHERE run_id = %(run_id)s;
