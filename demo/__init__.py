"""The stand-in city: a seeded generator of a plausible Chicago, and a small SODA server on loopback.

What lives here, from the ground up: the shapes of the datasets (`shapes`, `lists`), the rows and the ways
in which a source changes (`store`), the query language (`soql_to_sql`), the answer to a request (`answers`),
what goes wrong (`portal_faults`), the HTTP server (`portal`); and what a day brings (`occurrences`, `streets`),
day after day (`city`). What does not: anything of the pipeline. The stand-in shares no code with what it
tests.
"""
