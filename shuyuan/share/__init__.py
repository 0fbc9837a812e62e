"""Who may read what for which purpose: decide, mask, read and record in one transaction; direct SQL harvested into the same record."""
