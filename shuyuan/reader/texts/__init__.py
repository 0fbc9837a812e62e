"""Delimited and fixed-width text: encoding, dialect, pieces, records, cells."""
