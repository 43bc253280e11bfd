-- One row is a check on the record.
-- Reads: chicago.data_quality. Run by: dashboard/site/quality.py.

select
    data_quality."check",
    data_quality.count,
    data_quality.share,
    data_quality.explanation
from chicago.data_quality;
