"""Any real file → rows of text, every physical row accounted for, nothing altered. `read.stream` is the door.

Belongs here: formats, encodings, dialects, headers, the account of rows. Does not belong here: what a value means (`standards`), contracts
and deliveries (`intake`): this room imports nothing of the package.
"""
