"""Texts as inputs: cut into players, read by a tokenizer."""
