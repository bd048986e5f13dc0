"""The pages of the web page: widgets and calls only. Not named ``pages``, which Streamlit would turn into a menu."""
