"""One page about one image or one series, as HTML or PDF."""
