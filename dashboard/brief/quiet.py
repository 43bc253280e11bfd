"""Imported first where no page is open: Streamlit says so of each answer that is kept, before anything is asked."""

from streamlit import logger

logger.set_log_level("ERROR")
