"""Parquet snapshots in key-hash buckets: knows files, not meaning. A directory is live only because the ledger points to it."""
