"""Lyrics under random rule sets: what is delivered, what it costs, how fluent and how new it is.

usage: python benchmarks/lyrics.py BUNDLE CORPUS [--sets 1000] [--rounds 15] [--json FILE]

BUNDLE is a Chinese character model, CORPUS what it was trained on. Each text is judged by `toolkit.lyrics.check`.
One rule set in ten cannot be met, by a fault put in on purpose; it must be refused before the model takes a step.
The cost is that of 8 lines of 7 with scheme and acrostic, in turns with free sampling of as many tokens by
generate.onnx, as many texts at once as there are candidates.
"""

import argparse
import json
import statistics
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import toolkit
from toolkit.corpus import read_text
from toolkit.lyrics.check import check
from toolkit.lyrics.forms import form_names
from toolkit.lyrics.novelty import found_spans
from toolkit.lyrics.options import LyricOptions
from toolkit.lyrics.rules import LyricRules, RuleError
from toolkit.lyrics.song import Song
from toolkit.lyrics.write import write
from toolkit.readings import is_han
from toolkit.step_model import Ids, Logits, State

_SCHEMES = (
    "A",
    "AABA",
    "ABAB",
    "AABB",
    "ABBA",
    "XAXA",
    "AAXA",
    "ABCB",
    "AABCCB",
    "ABAB CDCD",
    "AABA CCDC",
    "AXAA BXBB",
)
_LENGTHS = ("4", "5", "6", "7", "8", "9", "10", "12", "5-7", "6-9", "4-10", "7,5", "7,7,5,5", "5-6,7-8", "3,3,7")
_RHYMED = "光心风来天家花愁月山飞情楼秋声东"
_TOO_MANY = "ABCDEFGHIJKLMNOPQRSTUVWYZ"
_FAULTS = ("acrostic", "rhyme_with", "rhyme", "include", "fixed")


class Counted:
    """A step that counts its calls."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.signature = model.signature
        self.device = model.device
        self.calls = 0

    def init_state(self, batch_size: int) -> State:
        """As of the model."""
        state: State = self._model.init_state(batch_size)
        return state

    def step(self, input_ids: Ids, state: State) -> tuple[Logits, State]:
        """As of the model."""
        self.calls += 1
        found: tuple[Logits, State] = self._model.step(input_ids, state)
        return found


class Sets:
    """Random rule sets over a corpus: of the 600 characters that are most frequent, and of its pairs."""

    def __init__(self, corpus: str, vocab: tuple[str, ...], seed: int) -> None:
        self._random = np.random.default_rng(seed)
        known = set(vocab)
        counts = Counter(char for char in corpus if is_han(char) and char in known)
        self._chars = [char for char, _ in counts.most_common(600)]
        pairs = Counter(a + b for a, b in pairwise(corpus) if a in counts and b in counts)
        self._pairs = [pair for pair, _ in pairs.most_common(400)]
        self._unknown = next(char for char in "龘饕麤齉靐龗爨" if char not in known)

    def _chance(self, share: float) -> bool:
        return bool(self._random.random() < share)

    def _one(self, items: Any) -> Any:
        return items[int(self._random.integers(len(items)))]

    def satisfiable(self) -> dict[str, Any]:
        """Rules that can all hold together."""
        rules: dict[str, Any] = {"near": self._chance(0.4), "forbid": (), "include": ()}
        if self._chance(0.5):
            rules["punctuation"] = self._one(("none", "inside", "end"))
        if self._chance(0.5):
            rules["forbid"] = tuple({self._one(self._pairs) for _ in range(3)})
        if self._chance(0.2):
            rules["form"] = self._one(form_names())
            return rules
        scheme = self._one(_SCHEMES) if self._chance(0.8) else ""
        letters = len(scheme.replace(" ", ""))
        rules["lines"] = letters if " " in scheme else int(self._random.integers(max(4, letters), 13))
        rules["length"], rules["rhyme"] = self._one(_LENGTHS), scheme
        if scheme and self._chance(0.3):
            rules["rhyme_with"] = self._one(_RHYMED)
        if scheme and letters < 7 and self._chance(0.15):
            rules["double"], rules["rhyme_with"] = True, ""
        if self._chance(0.5):
            count = int(self._random.integers(2, rules["lines"] + 1))
            rules["acrostic"] = "".join(self._one(self._chars) for _ in range(count))
            places = ["first", "2", *(["last"] if not scheme else []), *(["diagonal"] if count < 4 else [])]
            rules["acrostic_at"] = "first" if "double" in rules else self._one(places)  # 2 may be a rhyme's syllable
        if self._chance(0.4):
            words = {self._one(self._pairs) for _ in range(int(self._random.integers(1, 3)))}
            rules["include"] = tuple(words)
            rules["forbid"] = tuple(word for word in rules["forbid"] if word not in words)
        return rules

    def faulty(self) -> tuple[str, dict[str, Any]]:
        """Rules of which one cannot be met, and its name."""
        rules = {**self.satisfiable(), "form": "", "double": False}
        rules.setdefault("lines", 4)
        rules.setdefault("length", "7")
        fault = self._one(_FAULTS)
        if fault == "acrostic":
            rules |= {"acrostic": self._one(self._chars) + self._unknown, "acrostic_at": "first"}
        elif fault == "rhyme_with":
            rules |= {"rhyme_with": "嗯", "rhyme": "AABA", "lines": 4, "acrostic": "", "include": ()}
        elif fault == "rhyme":
            rules |= {"rhyme": _TOO_MANY, "lines": 25, "rhyme_with": "", "near": False, "include": ()}
        elif fault == "include":
            rules |= {"include": ("".join(self._chars[:40]),)}
        else:
            rules |= {"fixed": (f"2:1={self._unknown}",)}
        return fault, rules


def judge_sets(model: toolkit.LanguageModel, corpus: str, count: int) -> tuple[dict[str, Any], list[Song]]:
    """Write under each of so many rule sets."""
    backend = Counted(model.backend)
    counted = toolkit.LanguageModel(backend, model.tokenizer)
    sets = Sets(corpus, model.tokenizer.vocab, seed=count)
    songs: list[Song] = []
    facts: dict[str, Any] = {"sets": count, "satisfiable": 0, "delivered": 0, "pass_check": 0, "not_delivered": []}
    facts |= {"faulty": 0, "refused_by_name_before_a_step": 0, "refused_otherwise": []}
    for number in range(count):
        fault, rules = sets.faulty() if number % 10 == 9 else ("", sets.satisfiable())
        backend.calls = 0
        facts["faulty" if fault else "satisfiable"] += 1
        try:
            (song,) = write(counted, LyricRules(**rules), LyricOptions(seed=number, temperature=0.9))
        except RuleError as error:
            if not fault:
                facts["not_delivered"].append({"rules": rules, "error": str(error), "steps": backend.calls})
            elif error.rule == fault and not backend.calls:
                facts["refused_by_name_before_a_step"] += 1
            else:
                facts["refused_otherwise"].append({"rules": rules, "error": str(error), "steps": backend.calls})
            continue
        if fault:
            facts["refused_otherwise"].append({"rules": rules, "error": "delivered"})
            continue
        facts["delivered"] += 1
        report = check(str(song), LyricRules(**rules))
        facts["pass_check"] += report.holds
        if not report.holds:
            broken = next(found for found in report.findings if not found.kept)
            facts.setdefault("broken", []).append({"rules": rules, "text": str(song), "finding": str(broken)})
        songs.append(song)
    return facts, songs


def fluency(model: toolkit.LanguageModel, songs: list[Song], corpus: str, temperature: float) -> dict[str, Any]:
    """Mean log-probability of a character under rules and of a free one, lines that come twice, and spans found."""
    vocab = model.tokenizer.vocab
    ruled = [t.log_prob for song in songs for line in song.lines for t in line.tokens if t.text and t.text.isalnum()]
    every = [t.log_prob for song in songs for line in song.lines for t in line.tokens]
    texts = model.generate("\n\n", num_return_sequences=200, max_new_tokens=100, temperature=temperature, seed=1)
    pairs = [pair for text in texts for pair in zip(text.ids, text.log_probs, strict=True)]
    free = [log_prob for i, log_prob in pairs if vocab[i].isalnum()]
    spans = [found_spans(str(song), corpus) for song in songs]
    free_spans = [found_spans(text.text, corpus) for text in texts]
    return {
        "log_prob_character": statistics.fmean(ruled),
        "free_log_prob_character": statistics.fmean(free),
        "log_prob_token": statistics.fmean(every),
        "free_log_prob_token": statistics.fmean(log_prob for _, log_prob in pairs),
        "texts_with_a_line_twice": sum(len({line.text for line in s.lines}) < len(s.lines) for s in songs),
        "spans_found": sum(found for found, _ in spans) / sum(size for _, size in spans),
        "free_spans_found": sum(found for found, _ in free_spans) / sum(size for _, size in free_spans),
    }


def cost(model: toolkit.LanguageModel, acrostic: str, rounds: int) -> dict[str, Any]:
    """Seconds of 8 lines of 7 with scheme and acrostic, and of free sampling of as many tokens."""
    rules = LyricRules(lines=8, length="7", rhyme="AABA", acrostic=acrostic)
    stepped = toolkit.LanguageModel(model.backend, model.tokenizer)
    ours, loop, steps = [], [], []
    for seed in range(rounds + 1):
        options = LyricOptions(seed=seed)
        start = time.perf_counter()
        (song,) = write(model, rules, options)
        ours.append(time.perf_counter() - start)
        tokens = sum(len(line.tokens) for line in song.lines)
        for peer, seconds in ((model, loop), (stepped, steps)):
            start = time.perf_counter()
            peer.generate(
                "\n\n", num_return_sequences=options.num_candidates, max_new_tokens=tokens, temperature=0.9, seed=seed
            )
            seconds.append(time.perf_counter() - start)
    found = {"ruled_s": ours[1:], "free_loop_s": loop[1:], "free_steps_s": steps[1:]}  # the first warms up
    medians = {name: statistics.median(values) for name, values in found.items()}
    ratios = [a / b for a, b in zip(ours[1:], loop[1:], strict=True)]
    return {**medians, "ratio_to_loop": statistics.median(ratios), "smallest": min(ratios), "largest": max(ratios)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("corpus")
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    model, corpus = toolkit.load(arguments.bundle, "cpu"), read_text(arguments.corpus)
    facts: dict[str, Any] = {"cost": cost(model, "春风花月", arguments.rounds)} if arguments.rounds else {}
    facts["sets"], songs = judge_sets(model, corpus, arguments.sets)
    facts["fluency"] = fluency(model, songs, corpus, temperature=0.9)
    if arguments.json:
        arguments.json.write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
    print(json.dumps(facts, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
