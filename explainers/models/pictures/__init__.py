"""Classifiers of pictures that come as checkpoints, and the names of their classes."""
