"""ModelOutput to Verdict, pure functions."""
