SELECT ledger.drop_months_before(%(parent)s, %(before)s);
