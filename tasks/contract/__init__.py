"""What a row of each table has to be, and how published rows become such rows. Pure: no connection, no clock."""
