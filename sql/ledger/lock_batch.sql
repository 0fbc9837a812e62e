SELECT {fields} FROM ledger.batch WHERE batch_id = %(batch_id)s FOR UPDATE;
