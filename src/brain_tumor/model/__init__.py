"""Tensor to ModelOutput."""
