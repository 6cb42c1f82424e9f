"""Models of recordings that lie in wheels: how their files are read."""
