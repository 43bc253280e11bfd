"""What a published row has to look like in the warehouse, in plain Python: shares no code with the loader."""

from collections import defaultdict
from datetime import datetime

COLUMNS = [
    "crime_id",
    "case_number",
    "date_of_occurrence",
    "block",
    "iucr",
    "primary_description",
    "secondary_description",
    "location_description",
    "arrest",
    "domestic",
    "beat",
    "district",
    "ward",
    "community_area",
    "fbi_code",
    "x_coordinate",
    "y_coordinate",
    "latitude",
    "longitude",
    "created_at",
    "updated_at",
    "version",
]


def expected_row(raw):
    """Return what `chicago.crimes` has to hold of a published row, value by value, in plain Python.

    A field that is null may be empty, as in a pull, or missing, as in an answer of the API.
    """
    row = defaultdict(lambda: None, {name: value for name, value in raw.items() if value != ""})
    beat = row["beat"]
    x, y = row["x_coordinate"], row["y_coordinate"]
    latitude, longitude = row["latitude"], row["longitude"]
    return (
        row[":id"],
        row["case_"],
        datetime.fromisoformat(row["date_of_occurrence"]),
        row["block"].upper() if row["block"] else None,
        row["_iucr"],
        row["_primary_decsription"],
        row["_secondary_description"],
        row["_location_description"],
        {"Y": True, "N": False}[row["arrest"]],
        {"Y": True, "N": False}[row["domestic"]],
        beat.rjust(4, "0") if beat else None,
        int(beat) // 100 if beat else None,
        int(row["ward"]) if row["ward"] else None,
        None,
        row["fbi_cd"],
        int(x) if x and x != "0" else None,
        int(y) if y and y != "0" else None,
        float(latitude) if latitude and 41.6 <= float(latitude) <= 42.1 else None,
        float(longitude) if longitude and -88 <= float(longitude) <= -87.5 else None,
        datetime.fromisoformat(row[":created_at"]),
        datetime.fromisoformat(row[":updated_at"]),
        row[":version"],
    )
