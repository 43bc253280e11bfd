"""How each column of a view is shown: its head in words, what it means, and its values as people write them.

What lives here: the one dictionary `COLUMNS` that tables, files' companions and printed pages share. What does not:
which columns a table has (dashboard/site/), and any drawing. The full definitions are the comments of the views
(docs/data-dictionary.md); here stands what fits under a pointer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

NOTHING: Final = "–"  # noqa: RUF001 - a dash, as tables have it where there is no value


def count(value: Any) -> str:
    """Return 16560 as 16,560."""
    return f"{value:,.0f}"


def share(value: Any) -> str:
    """Return a share of 0 to 1, 0.1263, as 12.6%."""
    return f"{100 * value:.1f}%"


def share_of_few(value: Any) -> str:
    """Return a share that can be small, 0.00031, as 0.03%."""
    return f"{100 * value:.2f}%"


def percent(value: Any) -> str:
    """Return a change in percent, 3.24, as +3.2%."""
    return f"{value:+.1f}%"


def one_decimal(value: Any) -> str:
    """Return 1234.56 as 1,234.6."""
    return f"{value:,.1f}"


def two_decimals(value: Any) -> str:
    """Return 1.256 as 1.26."""
    return f"{value:,.2f}"


def words(value: Any) -> str:
    """Return a text, or a number that is a name, as it is."""
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def kind(value: Any) -> str:
    """Return MOTOR VEHICLE THEFT as Motor vehicle theft."""
    return str(value).capitalize()


def day(value: Any) -> str:
    """Return a date as 7 November 2026."""
    return f"{pd.Timestamp(value):%-d %B %Y}"


def month(value: Any) -> str:
    """Return the first of a month as November 2026."""
    return f"{pd.Timestamp(value):%B %Y}"


def hour(value: Any) -> str:
    """Return 7 as 07:00."""
    return f"{int(value):02d}:00"


def yes_or_no(value: Any) -> str:
    """Return a truth in a word."""
    return "yes" if value else "no"


def chance(is_unusual: Any) -> str:
    """Return what `is_unusual` means."""
    return "more than chance" if is_unusual else "no more than chance"


@dataclass(frozen=True)
class Column:
    """How a column is shown: its head, what it means, and a value in words."""

    head: str
    meaning: str
    said: Callable[[Any], str] = words

    @property
    def is_number(self) -> bool:
        """Return whether its values stand right-aligned."""
        return self.said in {count, share, share_of_few, percent, one_decimal, two_decimals}


_LAST_YEAR: Final = "the newest 364 complete days, or those of them that we hold"

COLUMNS: Final[dict[str, Column]] = {
    # Places, kinds and times.
    "place": Column("Place", "Name of the place; its number in brackets."),
    "district": Column("District no.", "Number of the police district."),
    "district_name": Column("District", "Name of the police district."),
    "beat": Column("Beat", "Police beat: the first two digits are its district."),
    "ward": Column("Ward", "Number of the ward, on the map in force since 15 May 2023."),
    "alderman": Column("Alderman", "Alderman of the ward now."),
    "community_area": Column("Area no.", "Number of the community area, 1 to 77."),
    "community_area_name": Column("Community area", "One of the City's 77 community areas."),
    "block": Column("Block", "Address to the hundred block; never the house."),
    "cell": Column("Cell", "A square of 1,000 by 1,000 feet."),
    "primary_description": Column("Kind of crime", "Kind of crime, one spelling for each.", kind),
    "primary_type": Column("Kind of crime", "Kind of crime, one spelling for each.", kind),
    "date": Column("Date", "Chicago date on which it happened.", day),
    "month": Column("Month", "Calendar month.", month),
    "day_of_week_name": Column("Day of the week", "Monday to Sunday."),
    "hour": Column("Hour", "Hour of the day that begins then, by Chicago's clock.", hour),
    "holiday_name": Column("Holiday", "Name of the holiday."),
    "days": Column("Days", "Complete days that the count is of.", count),
    # Counts.
    "crimes": Column("Crimes", "Crimes on the record; of a homicide, its victims.", count),
    "violent": Column("Violent", "Violent index crimes by FBI code: 01A, 02, 03, 04A and 04B.", count),
    "property": Column("Property", "Property index crimes by FBI code.", count),
    "arrests": Column("With an arrest", "Crimes with an arrest so far; arrests come late.", count),
    "domestic": Column("Domestic", "Crimes under the Illinois Domestic Violence Act.", count),
    "crimes_per_day": Column("Crimes a day", "Crimes on one complete day, on average.", one_decimal),
    "total_crimes": Column("All days held", "Crimes of all days held, under this number on any map.", count),
    "last_year": Column("Last year", f"Crimes of {_LAST_YEAR}.", count),
    "last_year_violent": Column("Violent, last year", f"Violent crimes of {_LAST_YEAR}.", count),
    "last_year_property": Column("Property, last year", f"Property crimes of {_LAST_YEAR}.", count),
    "last_year_arrests": Column("Arrests, last year", f"Crimes with an arrest of {_LAST_YEAR}.", count),
    "last_year_domestic": Column("Domestic, last year", f"Domestic crimes of {_LAST_YEAR}.", count),
    "last_year_low": Column("At least", "If all crimes near its border were a neighbor's.", count),
    "last_year_high": Column("At most", "If all crimes near its border were its own.", count),
    "last_year_estimated": Column(
        "Estimated", "Of the last year, those whose area is estimated from the block.", count
    ),
    "last_year_most_common_crime": Column("Most often", "The most frequent kind of the last year.", kind),
    "year_before": Column("Year before", "Crimes of the 364 days before the last year.", count),
    "year_to_date": Column("Year to date", "Crimes from 1 January to the newest complete day.", count),
    "year_to_date_before": Column(
        "Same, year before", "The year before, from 1 January to the same day.", count
    ),
    "last_28_days": Column("Last 28 days", "Crimes of the newest 28 complete days.", count),
    "previous_28_days": Column("28 days before", "Crimes of the 28 days before those.", count),
    "same_28_days_last_year": Column("A year before", "Crimes of the 28 days that lie 364 days back.", count),
    "crimes_before": Column("Before", "Crimes of the period that this is compared with.", count),
    "residents": Column("Residents", "Residents in the 2020 Census; of a district, an estimate.", count),
    "violent_crimes": Column("Violent", "Violent index crimes of all days held.", count),
    "homicides": Column("Homicides", "Victims of murder (01A).", count),
    "sexual_assaults": Column("Sexual assaults", "Criminal sexual assaults (02).", count),
    "robberies": Column("Robberies", "Robberies (03).", count),
    "aggravated_assaults": Column("Agg. assaults", "Aggravated assaults (04A).", count),
    "aggravated_batteries": Column("Agg. batteries", "Aggravated batteries (04B).", count),
    "time_of_day": Column("Time of day", "Night 0-5, morning 6-11, afternoon 12-17, evening 18-23.", kind),
    "domestic_violence": Column(
        "Domestic violence", "Domestic batteries, assaults, sexual assaults, robberies and homicides.", count
    ),
    # What to expect of a watch, a column for each day of the week.
    "watch_name": Column("Watch", "First 22:00 to 06:00, second to 14:00, third to 22:00."),
    **{
        day[:3]: Column(day[:3], f"Crimes in one such watch of a {day}, give or take its spread.")
        for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    },
    # The same, a column for each watch.
    **{
        f"{name} watch": Column(
            f"{name} watch", f"Crimes a day from {hours}, on average, and the range that chance leaves."
        )
        for name, hours in (
            ("First", "22:00 to 06:00"),
            ("Second", "06:00 to 14:00"),
            ("Third", "14:00 to 22:00"),
        )
    },
    "busiest_watch": Column("Most in", "The watch with most crimes, where chance is excluded."),
    # Rates, shares and changes.
    "part": Column("Part", "Eve: the day before. Night after: 00:02 to 05:59 of the day after."),
    **{
        f"after_{age}": Column(f"After {age} days", "Share of what will be held 45 days later.", share)
        for age in (9, 14, 21, 30, 45)
    },
    "corrected_change_pct": Column(
        "Change", "Last 28 complete days against the 28 before, at equal age.", percent
    ),
    "violent_per_100000_residents": Column(
        "Violent per 100,000", "Violent crimes of a year by residents.", count
    ),
    "property_per_100000_residents": Column(
        "Property per 100,000", "Property crimes of a year by residents.", count
    ),
    "rate": Column("A year per 1,000", "Crimes by residents, as of a year of 364 days.", one_decimal),
    "arrest_rate": Column("With an arrest", "Share of crimes with an arrest, of complete days.", share),
    "domestic_share": Column("Domestic", "Share of crimes that are domestic.", share),
    "share": Column("Share here", "Share of the crimes here.", share),
    "share_of_rows": Column("Share", "Share of the rows that it is of.", share_of_few),
    "city_share": Column("Share in the city", "Share of the same kind in the whole city.", share),
    "location_quotient": Column("Times the city's", "Share here by the share in the city.", two_decimals),
    "quotient_low": Column("from", "Lower end of what chance leaves, 19 times of 20.", two_decimals),
    "quotient_high": Column("to", "Upper end of what chance leaves, 19 times of 20.", two_decimals),
    "change": Column("Change", "Change against the period before, in percent.", percent),
    "change_low_pct": Column("from", "Lower end of what chance leaves, 19 times of 20.", percent),
    "change_high_pct": Column("to", "Upper end of what chance leaves, 19 times of 20.", percent),
    "change_is_unusual": Column("By chance?", "Whether chance explains the change.", chance),
    "is_unusual": Column("By chance?", "Whether chance explains the difference.", chance),
    "stands_out": Column("By chance?", "Whether chance explains it, among all of them.", chance),
    "year_corrected_change_pct": Column(
        "Change in a year", "Last 28 complete days against a year before, at equal age.", percent
    ),
    "year_change_is_unusual": Column("By chance?", "Whether chance explains the year's change.", chance),
    "growth_pct": Column("Change", "Crimes a day against the month before.", percent),
    "year_growth_pct": Column("Change in a year", "Crimes a day against the month a year before.", percent),
    "expected": Column("Ordinary day", "Mean of ordinary days of the same weekday around it.", one_decimal),
    "expected_low": Column("from", "19 of 20 ordinary days have more.", one_decimal),
    "expected_high": Column("to", "19 of 20 ordinary days have fewer.", one_decimal),
    "expected_arrests": Column(
        "Expected arrests", "Arrests that its kinds of crime would have city-wide.", one_decimal
    ),
    "standardized_arrest_ratio": Column(
        "Arrests by expected",
        "Arrests by those expected of its kinds of crime; 1 is the city's.",
        two_decimals,
    ),
    "standardized_arrest_ratio_low": Column("from", "Lower end of what chance leaves.", two_decimals),
    "standardized_arrest_ratio_high": Column("to", "Upper end of what chance leaves.", two_decimals),
    # Ranks.
    "rank": Column("Rank", "Rank in the city; 1 has the most.", count),
    "rank_in_district": Column("Rank here", "Rank in its district; 1 has the most.", count),
    "rank_from": Column("Rank from", "Best rank that chance leaves.", count),
    "rank_to": Column("Rank to", "Worst rank that chance leaves.", count),
    "crimes_rank": Column("Rank", "Rank by crimes of all days held; 1 has the most.", count),
    "last_year_rank": Column("Rank", "Rank by crimes of the last year; 1 has the most.", count),
    "last_year_violent_rank": Column("Rank, violent", "Rank by violent crimes of the last year.", count),
    # The record.
    "ward_phone": Column("Telephone", "Telephone of the ward's office."),
    "email": Column("E-mail", "E-mail of the ward's office."),
    "check": Column("Check", "What was checked on the record."),
    "count": Column("Rows", "How many rows it concerns.", count),
    "explanation": Column("What it means", "Why it matters, and what was done."),
    "was": Column("Was published as", "Kind of crime before.", kind),
    "is_now": Column("Is now", "Kind of crime now.", kind),
    "column_name": Column("Column", "Column of the record that was changed."),
    "revisions": Column("Revisions", "Revisions that changed it.", count),
    "learned_on": Column("Learned on", "Chicago date on which we learned of it.", day),
    "reason": Column("What happened", "Revised: replaced by another row. Withdrawn: gone."),
    "days_after": Column("Days after", "Days from the crime until we learned of the arrest.", count),
    "is_complete": Column("Complete", "Whether the day or month is complete: 21 days old.", yes_or_no),
}


def said(name: str, value: Any) -> str:
    """Return a value of a column as people write it; a dash where there is none."""
    return NOTHING if value is None or pd.isna(value) else COLUMNS[name].said(value)


def head(name: str) -> str:
    """Return a column's head in words."""
    return COLUMNS[name].head
