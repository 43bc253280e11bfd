"""Chicago's street grid, for block names such as `066XX S FRANCISCO AVE`.

What lives here: which street runs where, in hundreds of the address grid from State and Madison (eight to a
mile), and the block of a point. What does not: any real address. The grid is public knowledge:
https://www.chicago.gov/.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# State and Madison, in feet of EPSG:3435; a hundred of the grid is an eighth of a mile.
_ORIGIN_X_FEET, _ORIGIN_Y_FEET, _HUNDRED_FEET = 1_176_400, 1_900_300, 660


def _grid(text: str) -> tuple[NDArray[np.float64], list[str]]:
    pairs = [part.strip().split(" ", 1) for part in " ".join(text.split()).split(",")]
    return np.array([float(place) for place, _ in pairs]), [name for _, name in pairs]


# West of State is positive, east negative.
_NORTH_SOUTH = _grid(
    """-36 EWING AVE, -34 AVENUE O, -32 BRANDON AVE, -31 BALTIMORE AVE, -30 COMMERCIAL AVE, -29 ESCANABA AVE,
    -28 MANISTEE AVE, -27 MARQUETTE AVE, -26 COLFAX AVE, -25 ESSEX AVE, -24 YATES AVE, -23 CRANDON AVE,
    -22 PAXTON AVE, -21 CLYDE AVE, -20 JEFFERY BLVD, -19 BENNETT AVE, -18 CREGIER AVE, -17 EAST END AVE,
    -16 STONY ISLAND AVE, -15 HARPER AVE, -14 DORCHESTER AVE, -13 KIMBARK AVE, -12 WOODLAWN AVE, -11
    GREENWOOD AVE, -10 ELLIS AVE, -9 DREXEL AVE, -8 COTTAGE GROVE AVE, -7 LANGLEY AVE, -6 ST LAWRENCE
    AVE, -5 EBERHART AVE, -4 DR MARTIN LUTHER KING JR DR, -3 PRAIRIE AVE, -2 INDIANA AVE, -1 MICHIGAN
    AVE, 0 STATE ST, 1 CLARK ST, 2 WELLS ST, 3 FRANKLIN ST, 4 SEDGWICK ST, 5 NORMAL AVE, 6 LOWE AVE, 7
    UNION AVE, 8 HALSTED ST, 9 PEORIA ST, 10 MORGAN ST, 11 ABERDEEN ST, 12 RACINE AVE, 13 THROOP ST, 14
    LOOMIS BLVD, 15 LAFLIN ST, 16 ASHLAND AVE, 17 PAULINA ST, 18 WOOD ST, 19 WOLCOTT AVE, 20 DAMEN AVE,
    21 HOYNE AVE, 22 LEAVITT ST, 23 OAKLEY AVE, 24 WESTERN AVE, 25 CAMPBELL AVE, 26 ROCKWELL ST, 27
    WASHTENAW AVE, 28 CALIFORNIA AVE, 29 FRANCISCO AVE, 30 SACRAMENTO AVE, 31 ALBANY AVE, 32 KEDZIE AVE,
    33 SPAULDING AVE, 34 HOMAN AVE, 35 ST LOUIS AVE, 36 CENTRAL PARK AVE, 37 LAWNDALE AVE, 38 HAMLIN
    AVE, 39 SPRINGFIELD AVE, 40 PULASKI RD, 41 KARLOV AVE, 42 KEELER AVE, 43 KILDARE AVE, 44 KOSTNER
    AVE, 45 KILBOURN AVE, 46 KENTON AVE, 47 KILPATRICK AVE, 48 CICERO AVE, 49 LAMON AVE, 50 LAVERGNE
    AVE, 51 LEAMINGTON AVE, 52 LARAMIE AVE, 53 LOCKWOOD AVE, 54 LONG AVE, 55 LINDER AVE, 56 CENTRAL AVE,
    57 MAJOR AVE, 58 MENARD AVE, 59 MARMORA AVE, 60 AUSTIN AVE, 61 MEADE AVE, 62 MOBILE AVE, 64
    NARRAGANSETT AVE, 66 NORMANDY AVE, 68 OAK PARK AVE, 70 NEWCASTLE AVE, 72 HARLEM AVE, 77 ORIOLE AVE,
    84 CUMBERLAND AVE, 100 BESSIE COLEMAN DR"""
)
# North of Madison is positive, south negative; farther south than Roosevelt the streets have numbers.
_EAST_WEST = _grid(
    """-12 ROOSEVELT RD, -10 TAYLOR ST, -8 POLK ST, -6 HARRISON ST, -4 VAN BUREN ST, -3 JACKSON BLVD, -2 ADAMS
    ST, -1 MONROE ST, 0 MADISON ST, 1 WASHINGTON BLVD, 2 LAKE ST, 3 FULTON ST, 4 KINZIE ST, 5 GRAND AVE,
    6 OHIO ST, 7 HURON ST, 8 CHICAGO AVE, 9 IOWA ST, 10 AUGUSTA BLVD, 11 THOMAS ST, 12 DIVISION ST, 13
    POTOMAC AVE, 14 HIRSCH ST, 15 LE MOYNE ST, 16 NORTH AVE, 17 WABANSIA AVE, 18 BLOOMINGDALE AVE, 19
    CORTLAND ST, 20 ARMITAGE AVE, 21 DICKENS AVE, 22 PALMER ST, 23 BELDEN AVE, 24 FULLERTON AVE, 25
    ALTGELD ST, 26 WRIGHTWOOD AVE, 27 SCHUBERT AVE, 28 DIVERSEY AVE, 29 GEORGE ST, 30 WELLINGTON AVE, 31
    BARRY AVE, 32 BELMONT AVE, 33 SCHOOL ST, 34 ROSCOE ST, 36 ADDISON ST, 37 WAVELAND AVE, 38 GRACE ST,
    39 BYRON ST, 40 IRVING PARK RD, 41 BELLE PLAINE AVE, 42 BERTEAU AVE, 43 CULLOM AVE, 44 MONTROSE AVE,
    45 SUNNYSIDE AVE, 46 WILSON AVE, 47 LELAND AVE, 48 LAWRENCE AVE, 49 AINSLIE ST, 50 ARGYLE ST, 52
    FOSTER AVE, 53 FARRAGUT AVE, 54 BALMORAL AVE, 55 CATALPA AVE, 56 BRYN MAWR AVE, 57 HOLLYWOOD AVE, 58
    ARDMORE AVE, 59 THORNDALE AVE, 60 PETERSON AVE, 62 GRANVILLE AVE, 63 ROSEMONT AVE, 64 DEVON AVE, 65
    ALBION AVE, 68 PRATT BLVD, 70 LUNT AVE, 72 TOUHY AVE, 74 JARVIS AVE, 76 HOWARD ST"""
)


def _ordinal(number: int) -> str:
    ending = "TH" if 10 <= number % 100 <= 20 else {1: "ST", 2: "ND", 3: "RD"}.get(number % 10, "TH")
    return f"{number}{ending}"


def _nearest(grid: tuple[NDArray[np.float64], list[str]], hundreds: NDArray[np.float64]) -> list[str]:
    places, names = grid
    found = np.clip(np.searchsorted(places, hundreds), 1, len(places) - 1)
    found -= (hundreds - places[found - 1]) < (places[found] - hundreds)
    return [names[i] for i in found.tolist()]


def to_blocks(x_feet: NDArray[np.int64], y_feet: NDArray[np.int64], along: NDArray[np.bool_]) -> list[str]:
    """Name the block of each point; `along` is true where its street runs north and south."""
    west = (_ORIGIN_X_FEET - x_feet) / _HUNDRED_FEET
    north = (y_feet - _ORIGIN_Y_FEET) / _HUNDRED_FEET
    avenues, streets = _nearest(_NORTH_SOUTH, west), _nearest(_EAST_WEST, north)
    out = []
    for west_of, north_of, is_along, avenue, street in zip(
        west.tolist(), north.tolist(), along.tolist(), avenues, streets, strict=True
    ):
        if is_along:
            out.append(f"{int(abs(north_of)):03d}XX {'N' if north_of >= 0 else 'S'} {avenue}")
        else:
            named = street if north_of > -12.5 else f"{_ordinal(round(-north_of))} ST"
            out.append(f"{int(abs(west_of)):03d}XX {'W' if west_of >= 0 else 'E'} {named}")
    return out
