"""Bytes to Scan to tensor."""
