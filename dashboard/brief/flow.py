"""The weekly brief as a flow of Prefect, for its deployment: wiring, and the artifact that says where the files are."""

from prefect import flow
from prefect.artifacts import create_link_artifact, create_markdown_artifact

from dashboard.brief import quiet  # noqa: F401 - before what it silences
from dashboard.brief.words import to_markdown
from dashboard.brief.write import INDEX, USUAL_FOLDER, Wanted, write_briefs


@flow(name="weekly-brief", flow_run_name="weekly brief", persist_result=False)
def weekly_brief(
    to: str = USUAL_FOLDER, districts: list[int] | None = None, wards: list[int] | None = None
) -> None:
    """Write the brief of each police district and ward: one sheet of HTML, and of PDF where that can be made.

    Args:
        to: A folder, or s3://bucket/prefix, with keys and region from the environment; each week has a folder in it.
        districts: The police districts to write. Empty, with no ward named either: all districts and wards.
        wards: The wards to write. Empty, with no district named either: all districts and wards.

    """
    written = write_briefs(to, Wanted(districts or (), wards or ()))
    said = f"Weekly briefs, {written.week}"
    create_markdown_artifact(to_markdown(written), key="weekly-brief", description=said)
    create_link_artifact(
        f"{written.folder}/{INDEX}",
        link_text=said,
        key="weekly-brief-files",
        description="The list of the files",
    )
