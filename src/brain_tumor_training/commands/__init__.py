"""The commands of brain-tumor-train: each adds its parser; what is slow to import waits until it runs."""
