"""The dashboard: the city as the views of schema `chicago` show it. Streamlit, one module a page."""
