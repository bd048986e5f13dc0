"""Does the network fit an archive without labels? Scores of a sample, compared with the reference in the card."""
