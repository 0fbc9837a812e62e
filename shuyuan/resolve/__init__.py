"""One number one source, and the cross-check of every other claim, bucket by bucket on DuckDB."""
