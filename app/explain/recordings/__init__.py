"""The page of an explanation of a recording."""
