"""Language models: how they answer, token by token, and what their passes share."""
