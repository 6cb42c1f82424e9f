"""The game: sets of features, what the model says of each, and what is estimated from that."""
