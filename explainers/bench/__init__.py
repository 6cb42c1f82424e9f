"""Whence against captum, shap and lime as their documentation shows them: time, evaluations and error."""
