"""Lyrics under rules: length, rhyme, acrostic, tones, templates. Every rule holds, or the text is refused.

A `rules.LyricRules` is what a writer asks for, a `template.Template` what it means cell by cell; `plan` makes of it
what a model's vocabulary can do, `write` searches, `edit` changes what is there, `check` reads a text and says what
holds, and shares no code with the writing.
"""
