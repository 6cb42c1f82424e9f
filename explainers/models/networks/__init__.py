"""Networks: how a model is run, with gradients, in bf16, in windows, layer by layer."""
