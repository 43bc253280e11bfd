"""How late crimes are published, and what the newest days will come to; pure.

Here: the delay learned from a reporting triangle (`curve`), what a period will come to (`expect`), and how such words
have fared (`backtest`). Not here: where the triangle is read and the numbers are kept (`tasks.warehouse.nowcast`).
The method is written out in docs/nowcast.md.
"""
