"""Why a published cell is what it is, now or on a day, as known now or then: source, row, rule, competing claims, readers."""
