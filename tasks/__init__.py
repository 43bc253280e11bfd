"""The pipeline. On this floor are the steps that Prefect runs, one a file, and the types that every room shares.

Every other room is a folder named for its work; CONTRIBUTING.md has the plan of them.
"""
