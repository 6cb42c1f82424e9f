"""The life of a model by commands: training, compression, comparison, contracts."""
