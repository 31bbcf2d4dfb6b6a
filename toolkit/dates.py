"""Dates written in many ways, and the one that should come out: 2021-03-03."""

import datetime
import random
from collections.abc import Sequence

FIRST_DAY, LAST_DAY = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)
"""A hundred years, so that two digits of a year are enough: 50 is 1950, 49 is 2049."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HAN_DIGITS = "〇一二三四五六七八九"
_HAN_WEEKDAYS = "一二三四五六日"

FORMS = (
    # The month is a word.
    "{Month} {d}, {yyyy}", "{Month} {d} {yyyy}", "{Month} {d}{th}, {yyyy}", "{Month} the {d}{th}, {yyyy}",
    "{Mon} {d}, {yyyy}", "{Mon}. {d}, {yyyy}", "{Mon} {d}{th}, {yyyy}", "{Mon} {d} '{yy}",
    "{d} {Month} {yyyy}", "{d}{th} {Month} {yyyy}", "{d}{th} of {Month} {yyyy}", "the {d}{th} of {Month}, {yyyy}",
    "{d} {Mon} {yyyy}", "{d}-{Mon}-{yyyy}", "{d}-{Mon}-{yy}",
    "{yyyy} {Month} {d}", "{yyyy}-{Mon}-{dd}",
    # So is the day of the week.
    "{Weekday}, {Month} {d}, {yyyy}", "{Weekday}, {d} {Month} {yyyy}",
    "{Wkd}, {d} {Mon} {yyyy}", "{Wkd} {Mon} {d} {yyyy}",
    # Small letters, and capitals.
    "{month} {d}, {yyyy}", "{mon} {d}, {yyyy}", "{d} {month} {yyyy}", "{d} {mon} {yyyy}",
    "{MONTH} {d}, {yyyy}", "{dd} {MON} {yyyy}", "{d}-{MON}-{yy}",
    # Numbers: the year first where it stands first; else with dots the day, with slashes the month.
    "{yyyy}-{mm}-{dd}", "{yyyy}/{mm}/{dd}", "{yyyy}/{m}/{d}", "{yyyy}.{mm}.{dd}", "{yyyy}{mm}{dd}",
    "{dd}.{mm}.{yyyy}", "{d}.{m}.{yyyy}", "{d}.{m}.{yy}",
    "{mm}/{dd}/{yyyy}", "{m}/{d}/{yyyy}", "{m}/{d}/{yy}",
    # Chinese.
    "{yyyy}年{m}月{d}日", "{yyyy}年{mm}月{dd}日", "{yyyy}年{m}月{d}号", "{yyyy} 年 {m} 月 {d} 日", "{yy}年{m}月{d}日",
    "公元{yyyy}年{mm}月{dd}日", "{yyyy}年{月}月{日}日", "{年}年{月}月{日}日", "公元{年}年{月}月{日}日",
    "{yyyy}年{m}月{d}日星期{周}", "{yyyy}年{m}月{d}日(周{周})", "{年}年{月}月{日}日 星期{周}",
)  # fmt: skip
"""Templates of `write_date`. No text that they give can be read as two days; a year of two digits comes last, and
in Chinese first."""


def write_date(day: datetime.date, form: str) -> str:
    """A day as one of `FORMS` writes it, in English or Chinese whatever the locale is."""
    year, month, weekday = f"{day.year:04}", _MONTHS[day.month - 1], _WEEKDAYS[day.weekday()]
    parts = {
        "yyyy": year, "yy": year[2:], "m": day.month, "mm": f"{day.month:02}", "d": day.day, "dd": f"{day.day:02}",
        "th": _ordinal_ending(day.day),
        "Month": month, "month": month.lower(), "MONTH": month.upper(),
        "Mon": month[:3], "mon": month[:3].lower(), "MON": month[:3].upper(),
        "Weekday": weekday, "Wkd": weekday[:3],
        "年": "".join(_HAN_DIGITS[int(digit)] for digit in year), "月": _han(day.month), "日": _han(day.day),
        "周": _HAN_WEEKDAYS[day.weekday()],
    }  # fmt: skip
    return form.format_map(parts)


def _ordinal_ending(number: int) -> str:
    """Of 1st, 2nd, 3rd, 4th, ... 11th, 12th, 13th, ... 21st."""
    return "th" if number in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _han(number: int) -> str:
    """A number from 1 to 99 in Chinese: 三, 十, 十一, 二十, 三十一."""
    tens, ones = divmod(number, 10)
    return (_HAN_DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (_HAN_DIGITS[ones] if ones else "")


def date_pairs(
    train: int = 20_000, valid: int = 2_000, seed: int = 1
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Pairs of a written date and "2021-03-03"; the days held back occur in training in no form at all.

    The forms take turns, so both parts have all of them. Only `Random.random` is called, whose numbers Python
    promises to keep from version to version.

    Args:
        train: pairs to learn from; their days may repeat.
        valid: pairs, and days, held back; less than the 36,525 that there are.
        seed: of the days.
    """
    rng = random.Random(seed)
    days = [datetime.date.fromordinal(n) for n in range(FIRST_DAY.toordinal(), LAST_DAY.toordinal() + 1)]
    days.sort(key=lambda _: rng.random())
    held_back, seen = days[:valid], days[valid:]
    return _written([seen[int(rng.random() * len(seen))] for _ in range(train)]), _written(held_back)


def _written(days: Sequence[datetime.date]) -> list[tuple[str, str]]:
    return [(write_date(day, FORMS[i % len(FORMS)]), day.isoformat()) for i, day in enumerate(days)]
