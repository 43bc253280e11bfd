"""The soak: many days of the stand-in city on one database, and whether anything grows but by the data."""
