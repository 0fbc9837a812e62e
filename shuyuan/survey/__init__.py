"""A look at a file nobody has described yet: what it is, what its columns hold, and a first contract for it.

Belongs here: guesses with their evidence. Does not belong here: reading (`reader`), what a value means (`standards`), and what is in force.
"""
