"""Drawn scenes whose caption, and the region behind each of its words, are known, and the model that captions them."""
