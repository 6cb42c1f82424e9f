"""A prompt as a classifier: a small TOML file makes a language model say one of several phrases of a text."""
