"""Texts and tables that come with the toolkit, read by `toolkit.corpus` and `toolkit.tables`."""
