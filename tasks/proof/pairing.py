"""Pairing: of all ways to pair rows with columns one to one, the one with the most pairs and then the least cost.

Pure, and knows nothing of crimes. The Hungarian method by shortest augmenting paths
(https://en.wikipedia.org/wiki/Hungarian_algorithm): its time grows with the columns times the square of the rows, and
a case has few. SciPy, the library that has it, is larger than the rest of the image's Python packages together.
"""

from collections.abc import Sequence
from math import inf


def cheapest_pairs(costs: Sequence[Sequence[int | None]]) -> list[int | None]:
    """Return for each row of `costs` its column, or None if it has none. A cost of None: the two cannot be a pair.

    Costs are 0 or more. The same costs give the same pairs.
    """
    if not costs:
        return []
    width = len(costs[0])
    # More than any pairing costs, so that one more pair is always worth it.
    dear = 1 + sum(max((cost for cost in row if cost is not None), default=0) for row in costs)
    # A spare column for each row, in case it finds no other.
    filled = [[dear if cost is None else cost for cost in row] + [dear] * len(costs) for row in costs]
    return [
        column if column < width and costs[row][column] is not None else None
        for row, column in enumerate(_assign(filled))
    ]


def _assign(costs: list[list[int]]) -> list[int]:
    """Return for each row its column, so that the sum of costs is least. Needs at least as many columns as rows."""
    width = len(costs[0])
    columns, nowhere = range(width), width
    # What a row and a column pay together is never more than the pair's cost, and exactly that where they are a pair.
    row_prices, column_prices = [0.0] * len(costs), [0.0] * (width + 1)
    row_of: list[int | None] = [None] * (width + 1)
    for newcomer in range(len(costs)):
        row_of[nowhere] = newcomer
        column = nowhere
        came_from = [nowhere] * width
        slack = [inf] * width
        passed: list[int] = []
        ahead = list(columns)
        # Rows that are in the way move on to their next best column, until one is free.
        while (row := row_of[column]) is not None:
            passed.append(column)
            for other in ahead:
                dearer_by = costs[row][other] - row_prices[row] - column_prices[other]
                if dearer_by < slack[other]:
                    slack[other], came_from[other] = dearer_by, column
            nearest = min(ahead, key=slack.__getitem__)
            rise = slack[nearest]
            for other in passed:
                row_prices[row_of[other] or 0] += rise
                column_prices[other] -= rise
            for other in ahead:
                slack[other] -= rise
            ahead.remove(nearest)
            column = nearest
        while column != nowhere:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    column_of = {row: column for column, row in enumerate(row_of[:width]) if row is not None}
    return [column_of[row] for row in range(len(costs))]
