"""The same load by dlt (https://dlthub.com), as its documentation shows it. Not part of the product.

50,000-row pages in order of :id, an incremental cursor on :updated_at, disposition `merge` on the row's id, dlt's own
schema, normalisation and staging. It keeps ghosts and proves nothing. Run by bench/job.py in an environment of its own.
"""

import argparse
import os

import dlt
import requests
from dlt.sources import incremental

PAGE_ROWS = 50_000
FIELDS = (
    ":id,:created_at,:updated_at,:version,case_,date_of_occurrence,block,_iucr,_primary_decsription,"
    "_secondary_description,_location_description,arrest,domestic,beat,ward,fbi_cd,x_coordinate,y_coordinate,"
    "latitude,longitude"
)


def pages(url: str, since: str | None):
    """Yield pages of rows, each after the last id of the one before."""
    last = None
    with requests.Session() as session:
        while True:
            clauses = [f":updated_at >= '{since}'"] if since else []
            clauses += [f":id > '{last}'"] if last else []
            parameters = {"$select": FIELDS, "$order": ":id", "$limit": str(PAGE_ROWS)}
            if clauses:
                parameters["$where"] = " and ".join(clauses)
            answer = session.get(f"{url}/resource/x2n5-8w5q.json", params=parameters, timeout=120)
            answer.raise_for_status()
            rows = answer.json()
            if rows:
                # dlt's paths take a colon for syntax, so the system fields get plain names.
                yield [{name.removeprefix(":"): value for name, value in row.items()} for row in rows]
            if len(rows) < PAGE_ROWS:
                return
            last = rows[-1][":id"]


def main() -> None:
    """Load what is new since the newest stamp that dlt has seen, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--database", required=True, help="URL of the database")
    parser.add_argument("--state", required=True, help="folder for dlt's own files")
    given = parser.parse_args()

    @dlt.resource(name="crimes", primary_key="id", write_disposition="merge")
    def crimes(stamp=incremental("updated_at")):  # noqa: B008 - dlt wants it so
        yield from pages(given.url, stamp.start_value)

    pipeline = dlt.pipeline(
        pipeline_name="crimes",
        pipelines_dir=given.state,
        destination=dlt.destinations.postgres(credentials=given.database),
        dataset_name="loaded",
    )
    pipeline.run(crimes())


if __name__ == "__main__":
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    main()
