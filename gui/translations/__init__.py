"""The interface in other languages, and the script that keeps them complete."""
