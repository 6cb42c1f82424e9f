"""Kinds of input: each is cut into features that can be absent."""
