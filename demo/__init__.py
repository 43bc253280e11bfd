"""The stand-in city: a seeded generator of a plausible Chicago, and a SODA server in small on loopback.

What lives here: the shapes of the datasets (`datasets`), the SoQL subset (`soql`), the rows and the ways in
which a source changes (`store`), the generator and its days (`city`), the HTTP server (`portal`) and what
goes wrong with one (`faults`). What does not: anything of the pipeline. The stand-in shares no code with
what it tests.
"""
