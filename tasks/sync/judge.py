"""Judge: the rows of one read, held to the contract; where the source states another type, its values decide.

What a valid row is, and what drift is, stand in tasks/contract/.
"""

from tasks.contract.crimes import Transformed, to_crimes
from tasks.contract.drift import check_values
from tasks.datasets import DatasetProfile
from tasks.sync.read import Extracted


def judge(extracted: Extracted, profile: DatasetProfile) -> Transformed:
    """Return the rows of a read as accepted or rejected.

    Raises `ContractError` for a column that is stated with another type and whose values do not pass.
    """
    transformed = to_crimes(extracted.raw, profile)
    values = {str(column): int(count) for column, count in extracted.raw.count().items()}
    check_values(profile, extracted.columns, values, transformed.rejected["reasons"])
    return transformed
