"""The desktop lyric generator. It may use toolkit and PySide6, never torch."""
