-- Run once by the container of compose.yaml, when its volume is new: the role of the dashboard. Each run grants it schema
-- chicago (ANALYST_ROLE), and nothing else.
\getenv analyst_password ANALYST_PASSWORD
create role chicago_analyst login password :'analyst_password';
