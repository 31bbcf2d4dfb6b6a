"""The Python program."""
