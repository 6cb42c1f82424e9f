"""Methods that look at what a network makes of a picture."""
