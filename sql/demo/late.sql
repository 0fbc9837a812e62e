SELECT resource, expected_for FROM ledger.breach;
