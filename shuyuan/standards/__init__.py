"""National identifiers, codes, dates, amounts, names and addresses: vectorised parse and verdict.

What belongs here: what a single cell means and whether it is well formed. Knows no catalog, file or database.
Two cells together (a date against an identifier) are a check; two departments together are a comparison.
"""

from shuyuan.standards.codes import unmapped
from shuyuan.standards.column import Parsed
from shuyuan.standards.divisions import History
from shuyuan.standards.parse import ARROW_TYPES, parse
from shuyuan.standards.reasons import DIMENSIONS, REASONS, Reason

__all__ = ["ARROW_TYPES", "DIMENSIONS", "REASONS", "History", "Parsed", "Reason", "parse", "unmapped"]
