"""The weekly brief: one sheet for each police district and ward, of the items that the pages show.

`make brief`, and a weekly deployment of its own (prefect.yaml); never a part of the daily run, whose image has none of
this (docs/decisions/0025).
"""
