"""Labelled folders to evidence, on the shipped network."""
