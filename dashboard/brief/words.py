"""What is said of written briefs: to a person at a terminal, and on the page of the deployment's run. Pure."""

from dashboard.brief.write import INDEX, Written


def to_lines(written: Written) -> list[str]:
    """Return what was written as lines for a person; of a few briefs their files, of all the list."""
    kinds = (
        "HTML and PDF" if written.has_pdf else "HTML; no PDF, since WeasyPrint's libraries are not installed"
    )
    lines = [f"brief      of {written.week}: {len(written.briefs)} as {kinds}"]
    if len(written.briefs) <= 4:
        suffix = "pdf" if written.has_pdf else "html"
        return [*lines, *(f"file       {written.folder}/{brief.name}.{suffix}" for brief in written.briefs)]
    return [*lines, f"list       {written.folder}/{INDEX}"]


def to_markdown(written: Written) -> str:
    """Return the week's briefs as a page for the Prefect UI: what is out of the ordinary, and where the files are."""
    found = [brief for brief in written.briefs if brief.finding.startswith("- ")]
    parts = [f"## Weekly briefs, {written.week}", f"All are in `{written.folder}`, listed in `{INDEX}`."]
    if found:
        parts.append("### Out of the ordinary")
        parts += [f"**{brief.title}**, `{brief.name}.html`\n\n{brief.finding}" for brief in found]
    else:
        parts.append("Nothing out of the ordinary in any district or ward.")
    rows = [f"| {brief.title} | {_files(written, brief.name)} |" for brief in written.briefs]
    return "\n\n".join([*parts, "### Files", "\n".join(["| | |", "|---|---|", *rows])]) + "\n"


def _files(written: Written, name: str) -> str:
    suffixes = ("html", "pdf") if written.has_pdf else ("html",)
    return ", ".join(f"`{written.folder}/{name}.{suffix}`" for suffix in suffixes)
