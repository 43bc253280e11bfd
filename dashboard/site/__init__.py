"""One module is one page; its `show()` draws it. Not named pages: Streamlit would list such a folder by itself."""
