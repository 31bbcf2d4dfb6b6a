"""toolkit lyrics."""

import codecs
import json
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.errors import FileFormatError, OptionError
from toolkit.lyrics.options import LyricOptions
from toolkit.lyrics.rules import LyricRules

from .output import json_option, note, print_json, warn
from .params import backend_option, collect, dataclass_options, device_option, given

if TYPE_CHECKING:
    from toolkit.language_model import LanguageModel
    from toolkit.lyrics.song import Recipe, Song

_PLACE = "LINE:CELL"


@click.command()
@click.argument("model", type=click.Path(path_type=Path), required=False)
@dataclass_options(LyricRules, but="template")
@click.option("--template", "template_file", type=click.Path(path_type=Path), help="A template, one line a lyric line.")
@click.option("--like", type=click.Path(path_type=Path), help="A song whose lengths and rhymes are taken.")
@click.option("--rules", "rules_file", type=click.Path(path_type=Path), help="Rules or a recipe, as JSON.")
@click.option("--prompt", "-p", default="", help="What the model reads first; it is no part of the text.")
@click.option("--continue", "begun", type=click.Path(path_type=Path), help="A text whose lines stand first.")
@dataclass_options(LyricOptions)
@click.option("--song", type=click.Path(path_type=Path), help="A text of --json, to be changed.")
@click.option("--take", default=1, type=click.IntRange(min=1), help="Which text of --song, --recipe or --rules.")
@click.option("--reroll", type=int, metavar="LINE", help="Write this line of --song anew.")
@click.option("--alternatives", metavar=_PLACE, help="What else could stand at this place of --song.")
@click.option("--put", metavar=f"{_PLACE}=TEXT", help="Put another text at this place of --song, if the rules allow.")
@click.option("--recipe", type=click.Path(path_type=Path), help="Write the text of a recipe again.")
@click.option("--check", type=click.Path(path_type=Path), help="Say which rules a text keeps; needs no model.")
@click.option("--novelty", metavar="CORPUS", help="Count what stands in the corpus, 8 characters at a time.")
@click.option("--forms", is_flag=True, help="List the classical forms.")
@click.option("--show-template", is_flag=True, help="Print what the rules mean, as a template.")
@device_option
@click.option("--threads", default=1, show_default=True, help="Threads within an operator.")
@backend_option
@json_option
@click.pass_context
def lyrics(ctx: click.Context, /, model: Path | None, **params: Any) -> None:  # noqa: ANN401 - click passes the options by name
    """Write lyrics with MODEL in which every rule holds: a bundle folder, an .onnx file or a checkpoint.

    The text goes to standard output, everything else to standard error. Either all rules hold, or nothing is written
    and the rule is named that cannot be met, with its line. The same seed gives the same text.

    \b
    toolkit lyrics runs/a/best --lines 8 --length 7 --rhyme AABA --acrostic 春夏秋冬 --near --seed 7 -n 4
    toolkit lyrics runs/a/best --form 七绝 --rhyme-with 光
    toolkit lyrics runs/a/best --like song.txt
    toolkit lyrics --check song.txt --length 7 --rhyme AABA
    """  # noqa: D301 - click wants the character itself
    _check_together(ctx, {**params, "model": model})
    if params["forms"]:
        _list_forms(params["as_json"])
        return
    if params["check"] is not None:
        _check(ctx, params)
        return
    if params["show_template"] and model is None:
        rules = _rules(ctx, params)
        click.echo(str(rules.layout(_unit_of_text(rules))))
        return
    if model is None:
        raise click.UsageError("Missing argument 'MODEL'.", ctx)
    _with_model(ctx, model, params)


def _check_together(ctx: click.Context, params: Mapping[str, Any]) -> None:
    """What excludes each other."""
    modes = ("reroll", "alternatives", "put", "recipe", "check", "forms", "show_template", "begun")
    chosen = [name for name in modes if params[name] not in (None, False)]
    names = {"begun": "continue"}
    if len(chosen) > 1:
        flags = ", ".join("--" + names.get(name, name).replace("_", "-") for name in chosen)
        raise click.UsageError(f"{flags} are different things to do: give one of them")
    edits = any(params[name] is not None for name in ("reroll", "alternatives", "put"))
    if edits != (params["song"] is not None):
        raise click.UsageError("--song goes with --reroll, --alternatives or --put, and they with --song")
    if sum(params[name] is not None for name in ("template_file", "like", "rules_file")) > 1:
        raise click.UsageError("--template, --like and --rules each bring rules: give one of them")
    asked = [f.name for cls in (LyricRules, LyricOptions) for f in fields(cls) if f.name in given(ctx)]
    if params["recipe"] is not None and asked:
        raise click.UsageError(f"--recipe has all options in it: leave out --{asked[0].replace('_', '-')}")
    if edits and set(asked) - {"seed"}:
        name = next(name for name in asked if name != "seed")
        raise click.UsageError(f"--song has its rules and options in it: leave out --{name.replace('_', '-')}")
    files = ("song", "recipe", "rules_file")
    if "take" in given(ctx) and not any(params[name] for name in files):
        raise click.UsageError("--take goes with --song, --recipe or --rules")
    if params["model"] is not None and (params["check"] is not None or params["forms"]):
        raise click.UsageError(f"--{'forms' if params['forms'] else 'check'} needs no MODEL: leave it out")
    if params["rules_file"] is not None and any(name in given(ctx) for name in _rule_names()):
        name = next(name for name in _rule_names() if name in given(ctx))
        raise click.UsageError(f"--rules has all rules in it: leave out --{name.replace('_', '-')}")


def _rule_names() -> list[str]:
    return [field.name for field in fields(LyricRules) if field.name != "template"]


# Rules -------------------------------------------------------------------------------------------


def _rules(ctx: click.Context, params: Mapping[str, Any]) -> LyricRules:
    """The rules of the command line, with those of files."""
    from toolkit.corpus import read_text
    from toolkit.lyrics.like import template_like
    from toolkit.rhymes import Rhymes

    if params["rules_file"] is not None:
        return _rules_of_file(params["rules_file"], params["take"])
    template = ""
    if params["template_file"] is not None:
        template = read_text(str(params["template_file"]))
    if params["like"] is not None:
        how = Rhymes(near=params["near"], double=params["double"])
        found = template_like(read_text(str(params["like"])), how, params["unit"])
        template, params = str(found), {**params, "unit": found.unit}
        if params["rhyme"]:  # another scheme than the song's
            bare = found.with_lines(replace(line, letter="") for line in found.lines)
            template = str(bare)
    return collect(LyricRules, {**params, "template": template})


def _rules_of_file(path: Path, take: int) -> LyricRules:
    values = _json_of(path, "rules, a recipe or a text")
    if "texts" in values:
        values = _one_text(values, path, take)
    if "recipe" in values:
        values = values["recipe"]
    rules = values.get("rules", values) if isinstance(values, Mapping) else values
    if not isinstance(rules, Mapping):
        raise FileFormatError(f"{path}: expected rules as JSON, found something else.")
    return LyricRules.from_dict(rules, str(path))


def _json_of(path: Path, what: str) -> Mapping[str, Any]:
    from toolkit.files import read_bytes

    try:
        data = read_bytes(path, what)
        utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # a shell that writes so
        values = json.loads(data.decode("utf-16" if utf_16 else "utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: expected {what} as JSON, found something else.") from error
    if not isinstance(values, Mapping):
        raise FileFormatError(f"{path}: expected {what} as a JSON object, found a {type(values).__name__}.")
    return values


def _one_text(values: Mapping[str, Any], path: Path, take: int) -> Mapping[str, Any]:
    """One of the texts of a file that --json wrote."""
    texts = values.get("texts", [values])
    if not isinstance(texts, list) or not all(isinstance(text, Mapping) for text in texts) or len(texts) < take:
        found = f"{len(texts)} of them" if isinstance(texts, list) else "something else"
        raise FileFormatError(f"{path}: expected text {take} of `toolkit lyrics --json`, found {found}.")
    chosen: Mapping[str, Any] = texts[take - 1]
    return chosen


def _unit_of_text(rules: LyricRules) -> str:
    """The unit where there is no model to tell it."""
    from toolkit.readings import is_han

    chinese = rules.form or any(map(is_han, rules.template + rules.acrostic + "".join(rules.include + rules.fixed)))
    return "char" if chinese or not rules.template else "word"


# What needs no model -----------------------------------------------------------------------------


def _list_forms(as_json: bool) -> None:
    from toolkit.lyrics.forms import find_form, form_names

    forms = [form for name in form_names() if (form := find_form(name)) is not None]
    if as_json:
        print_json({"forms": [asdict(form) for form in forms]})
        return
    for form in forms:
        names = " = ".join([form.name, *form.aliases])
        click.secho(names, bold=True)
        click.echo(form.text.strip() + "\n")
        note(form.source)


def _check(ctx: click.Context, params: Mapping[str, Any]) -> None:
    from toolkit.corpus import read_text
    from toolkit.lyrics.check import check
    from toolkit.lyrics.text import lines_of

    from .lyrics_output import novelty_text, print_report

    text, rules = read_text(str(params["check"])), _rules(ctx, params)
    count, letters = len(lines_of(text)), len(rules.rhyme.replace(" ", ""))
    if not rules.lines and letters and count > letters and count % letters == 0:
        rules = replace(rules, lines=count)  # the scheme begins anew, as it does in writing
    report = check(text, rules)
    novelty = _novelty([text], params["novelty"])
    if params["as_json"]:
        findings = [asdict(found) for found in report.findings]
        print_json(
            {"text": str(params["check"]), "holds": report.holds, "unit": report.unit, "findings": findings, **novelty}
        )
    else:
        print_report(report)
        broken = sum(not found.kept for found in report.findings)
        note(f"{len(report.findings) - broken} kept, {broken} broken" + novelty_text(novelty))
    if not report.holds:
        ctx.exit(1)


def _novelty(texts: Sequence[str], corpus: str | None) -> dict[str, Any]:
    """How much of some texts stands in a corpus."""
    from toolkit.corpus import read_text
    from toolkit.lyrics.novelty import found_spans

    if corpus is None:
        return {}
    content = read_text(corpus)
    counts = [found_spans(text, content) for text in texts]
    found, spans = sum(count[0] for count in counts), sum(count[1] for count in counts)
    return {
        "novelty": {"corpus": corpus, "spans": spans, "found": found, "share_found": found / spans if spans else 0.0}
    }


# With a model ------------------------------------------------------------------------------------


def _with_model(ctx: click.Context, path: Path, params: dict[str, Any]) -> None:
    from toolkit.loading import fingerprint, load
    from toolkit.lyrics.song import Recipe

    from .lyrics_output import novelty_text, print_song

    recipe = None
    if params["recipe"] is not None:
        values = _json_of(params["recipe"], "a recipe")
        if "texts" in values or "recipe" in values:
            values = _one_text(values, params["recipe"], params["take"]).get("recipe", {})
        recipe = Recipe.from_dict(values, str(params["recipe"]))
    rules = LyricRules() if recipe else _rules(ctx, params)
    options = LyricOptions() if recipe else collect(LyricOptions, params)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        model = load(path, params["device"], threads=params["threads"], backend=params["backend"])
        mark = fingerprint(path)
        if params["show_template"]:
            from toolkit.lyrics.vocabulary import vocabulary_of

            click.echo(str(rules.layout(vocabulary_of(model.tokenizer, rules.unit).unit)))
            return
        start = time.perf_counter()
        if params["alternatives"] is not None:
            _show_alternatives(model, mark, params)
            return
        songs = _write(model, mark, recipe, rules, options, params)
        seconds = time.perf_counter() - start
    for warning in caught:
        warn(str(warning.message))
    texts = [str(song) for song in songs]
    novelty = _novelty(texts, params["novelty"])
    if params["as_json"]:
        facts = {"model": str(path), "device": model.device, "seconds": seconds}
        print_json({**facts, "texts": [song.to_dict() for song in songs], **novelty})
        return
    for i, song in enumerate(songs):
        if len(songs) > 1:
            click.secho(f"--- {i + 1} of {len(songs)}", dim=True)
        print_song(song)
    seed = songs[0].recipe.options.seed
    note(f"seed {seed}, {seconds:.2f} s on {model.device}" + novelty_text(novelty))


def _write(
    model: "LanguageModel",
    mark: str,
    recipe: "Recipe | None",
    rules: LyricRules,
    options: LyricOptions,
    params: Mapping[str, Any],
) -> "list[Song]":
    from toolkit.corpus import read_text
    from toolkit.lyrics.edit import extend, put, reroll
    from toolkit.lyrics.write import rewrite, write

    if recipe is not None:
        _expect_model(recipe.model, mark, params["recipe"])
        return [rewrite(model, recipe)]
    if params["reroll"] is not None:
        song = _song(params["song"], params["take"], mark)
        return [reroll(model, song, params["reroll"], params["seed"])]
    if params["put"] is not None:
        place, sign, words = params["put"].partition("=")
        if not (sign and words):
            raise OptionError(f"put must be {_PLACE}=TEXT, counted from 1, found {params['put']!r}")
        number, cell = _place("put", place, _PLACE)
        return [put(model, _song(params["song"], params["take"], mark), number, cell, words)]
    if params["begun"] is not None:
        text = read_text(str(params["begun"]))
        return extend(model, text, rules, options, prompt=params["prompt"], fingerprint=mark)
    return write(model, rules, options, prompt=params["prompt"], fingerprint=mark)


def _song(path: Path, take: int, mark: str) -> "Song":
    from toolkit.lyrics.song import Song

    song = Song.from_dict(_one_text(_json_of(path, "a text"), path, take), str(path))
    _expect_model(song.recipe.model, mark, path)
    return song


def _expect_model(wanted: str, found: str, path: Path) -> None:
    if wanted and wanted != found:
        raise FileFormatError(
            f"{path}: was written with another model (SHA-256 {wanted[:12]}…), this one is {found[:12]}…"
        )


def _place(name: str, text: str, form: str) -> tuple[int, int]:
    """A line and a cell, counted from 1."""
    try:
        number, cell = map(int, text.split(":"))
    except ValueError:
        raise OptionError(f"{name} must be {form}, counted from 1, found {text!r}") from None
    return number, cell


def _show_alternatives(model: "LanguageModel", mark: str, params: Mapping[str, Any]) -> None:
    from toolkit.lyrics.edit import alternatives

    from .lyrics_output import print_alternatives

    number, cell = _place("alternatives", params["alternatives"], _PLACE)
    found = alternatives(model, _song(params["song"], params["take"], mark), number, cell)
    if params["as_json"]:
        print_json(
            {
                name: [{"id": a.id, "text": a.text, "prob": a.prob, "broken": a.broken} for a in getattr(found, name)]
                for name in ("before", "after")
            }
        )
        return
    print_alternatives(found)
