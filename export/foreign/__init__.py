"""Checkpoints that other programs wrote: what is in them, recognised by names and shapes, without running their code.

`container` reads the file, `scratch` names arrays that no module holds, `layout` groups tensors into modules, `roles`
tells what each module is for, `vocabulary` finds the tokens, `rebuild` makes the network of ours and a reference of
torch's own modules for the gate; `recognised` does all of that in turn. Nothing is guessed silently: what cannot be
placed is named, what is assumed is said.
"""
