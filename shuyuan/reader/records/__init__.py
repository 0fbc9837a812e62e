"""Rows that name their own cells: JSON, JSON lines, Parquet, dBase."""
