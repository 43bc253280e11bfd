"""What a person types: the command line, and one module for each command."""
