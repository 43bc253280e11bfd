"""The stand-in city: a seeded generator of a plausible Chicago, and a SODA server in small on loopback.

What lives here, from the ground up: the shapes of the datasets (`datasets`, `lists`), the rows and the ways
in which a source changes (`store`), the query language (`soql`), what a request is answered (`answers`),
what goes wrong (`faults`), the HTTP server (`portal`); and what a day brings (`occurrences`, `streets`),
day after day (`city`). What does not: anything of the pipeline. The stand-in shares no code with what it
tests.
"""
