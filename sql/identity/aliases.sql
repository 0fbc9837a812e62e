SELECT alias, entity FROM ledger.alias_now WHERE library = %(library)s ORDER BY alias;
