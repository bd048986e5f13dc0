"""The pages of the web page: widgets and the logic behind them.

Not named ``pages``, which Streamlit would turn into a menu.
"""
