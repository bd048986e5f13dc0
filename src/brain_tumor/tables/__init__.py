"""Tables of answers, one row per slice or series: CSV, JSON Lines, Parquet and data frames."""
