"""Deltas into the warehouse: current rows, history, discrepancies, pointer and audit in one transaction."""
