"""Written dates: every form is read back by rules that stand here only."""

import datetime
import re
import subprocess
import sys

import pytest

from toolkit.dates import FIRST_DAY, FORMS, LAST_DAY, date_pairs, write_date
from toolkit.parallel import ParallelOptions, load_parallel

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
HAN = {character: number for number, character in enumerate("〇一二三四五六七八九十")}
DAYS = [FIRST_DAY + datetime.timedelta(n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]


def arabic(text):
    """A number in either script; Chinese is either digits one by one (二〇二一) or counted in tens (二十一)."""
    if not set(text) <= HAN.keys():
        return int(text)
    if "十" not in text:
        return int("".join(str(HAN[c]) for c in text))
    tens, ones = text.split("十")
    return 10 * HAN.get(tens, 1) + HAN.get(ones, 0)


def century(text):
    """The year of two digits or four."""
    year = arabic(text)
    return year if len(text) == 4 else year + (1900 if year >= 50 else 2000)


def read_date(text):
    """The only day that a text can mean, and the day of the week that it names, if it names one."""
    number = r"(\d+|[〇一二三四五六七八九十]+)"
    if found := re.fullmatch(rf"(?:公元)?{number} ?年 ?{number} ?月 ?{number} ?[日号]\D*?([一二三四五六日])?\)?", text):
        year, month, day, weekday = found.groups()
        return datetime.date(century(year), arabic(month), arabic(day)), weekday and "一二三四五六日".index(weekday)
    for pattern in (
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)",
        r"(?P<y>\d{4})(?P<mark>[-/.])(?P<m>\d+)(?P=mark)(?P<d>\d+)",
        r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d\d)",  # dots: the day is first
        r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4}|\d\d)",  # slashes: the month is first
    ):
        if found := re.fullmatch(pattern, text):
            return datetime.date(century(found["y"]), int(found["m"]), int(found["d"])), None
    words = [word[:3].lower() for word in re.findall("[A-Za-z]{3,}", text)]
    (month,) = (MONTHS.index(word) + 1 for word in words if word in MONTHS)
    weekday = next((WEEKDAYS.index(word) for word in words if word in WEEKDAYS), None)
    numbers = re.findall(r"\d+", text)
    year = next((n for n in numbers if len(n) == 4), numbers[-1])
    (day,) = numbers[:-1] if year is numbers[-1] else numbers[1:]
    return datetime.date(century(year), month, int(day)), weekday


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_back_to_its_day_and_names_the_true_day_of_the_week(form):
    for day in [*DAYS[:60], *DAYS[60:-60:97], *DAYS[-60:]]:
        found, weekday = read_date(write_date(day, form))
        assert found == day
        assert weekday == (day.weekday() if "Weekday" in form or "Wkd" in form or "周" in form else None)


@pytest.mark.parametrize("form", [form for form in FORMS if "{th}" in form])
def test_ordinals(form):
    endings = [write_date(datetime.date(2021, 3, day), form) for day in range(1, 32)]
    ordinals = [re.search(r"\d+(st|nd|rd|th)\b", text)[0] for text in endings]
    assert " ".join(ordinals) == (
        "1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th 11th 12th 13th 14th 15th 16th 17th 18th 19th 20th "
        "21st 22nd 23rd 24th 25th 26th 27th 28th 29th 30th 31st"
    )


@pytest.mark.parametrize(
    "text",
    [
        "March 3, 2021", "3 Mar 2021", "Mar 3rd, 2021", "3rd of March 2021", "Wednesday, March 3, 2021", "2021/03/03",
        "03.03.2021", "3/3/2021", "20210303", "3-Mar-21", "March the 3rd, 2021", "march 3, 2021", "2021年3月3日",
        "二〇二一年三月三日", "公元2021年03月03日", "2021年三月三日", "21年3月3日", "2021年3月3日星期三",
    ],
)  # fmt: skip
def test_the_third_of_march_is_among_what_the_forms_write(text):
    assert text in {write_date(datetime.date(2021, 3, 3), form) for form in FORMS}


def test_no_form_occurs_twice():
    leap_day, other = datetime.date(2048, 2, 29), datetime.date(1950, 11, 8)
    assert len({(write_date(leap_day, form), write_date(other, form)) for form in FORMS}) == len(FORMS)


def test_the_days_held_back_occur_in_training_in_no_form():
    train, valid = date_pairs()
    assert (len(train), len(valid)) == (20_000, 2_000)
    assert not {target for _, target in train} & {target for _, target in valid}
    for pairs in (train, valid):
        assert all(read_date(source)[0].isoformat() == target for source, target in pairs)
        years = {int(target[:4]) for _, target in pairs}
        assert years == set(range(1950, 2050))


@pytest.mark.parametrize("part", [0, 1], ids=["train", "valid"])
def test_all_forms_occur_in_both_parts_equally_often(part):
    pairs = date_pairs()[part]
    counts = [0] * len(FORMS)
    for i, (source, target) in enumerate(pairs):
        form = i % len(FORMS)
        counts[form] += source == write_date(datetime.date.fromisoformat(target), FORMS[form])
    assert sum(counts) == len(pairs)
    assert max(counts) - min(counts) <= 1


def test_pairs_depend_on_the_seed_alone(tmp_path):
    code = "from toolkit.dates import date_pairs; print(date_pairs(50, 5, 3))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == f"{date_pairs(50, 5, 3)}\n"
    assert date_pairs(50, 5, 3) != date_pairs(50, 5, 4)


def test_the_dates_of_every_python_version_are_these():
    digest = load_parallel("builtin:dates", ParallelOptions()).sha256
    assert digest == "fa0371f315a30b660c230f8a5f90efbd85373885bfb1a9ce60d127f0cfc286cc"
