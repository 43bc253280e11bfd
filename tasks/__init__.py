"""The pipeline. On this floor stand the steps that Prefect runs, one a file, and the words that all share.

Every other room is a folder named for its work; CONTRIBUTING.md has the plan of them.
"""
