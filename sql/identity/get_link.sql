SELECT {fields} FROM ledger.link_now WHERE link_id = %(link_id)s;
