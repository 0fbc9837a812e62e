"""The court: of claims that contradict each other, who is probably wrong; learned from the data, with authority as prior."""
