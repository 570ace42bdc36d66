"""One file a step; its name begins with its revision, and revisions sort in order."""
