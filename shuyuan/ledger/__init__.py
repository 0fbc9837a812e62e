"""What happened, append-only: batches and states, loads, findings, quarantine, discrepancies, access. The only writer of `ledger.*`."""
