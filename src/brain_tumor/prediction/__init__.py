"""`brain-tumor predict`: files and folders in, one row per slice and one answer per series out."""
