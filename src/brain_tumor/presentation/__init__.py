"""Result to words, tables and charts."""
