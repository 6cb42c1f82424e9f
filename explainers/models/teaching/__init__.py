"""The embedded model of captions is taught here: lessons of drawn scenes, and the training."""
