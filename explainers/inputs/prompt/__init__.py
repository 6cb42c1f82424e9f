"""Prompts of language models: the chat template around the user's texts, and where those lie in what is read."""
