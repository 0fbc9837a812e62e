"""Is this batch good, is this library true, is this feed late? The only room that knows Great Expectations.

Importing the room is cheap; Great Expectations (about two seconds) is imported when something is judged.
"""

import os

# No usage statistics leave the house. Read once when Great Expectations is imported, hence said before.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
