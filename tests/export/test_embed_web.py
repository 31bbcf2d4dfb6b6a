"""`toolkit embed`: real pages in a real Chromium, and programs as real processes, against the toolkit's own texts."""

import json
import subprocess

import pytest

import toolkit
from toolkit.cli import _run
from toolkit.npm import ORT_WEB, package_files

from .hosts import CHROMIUM, needs_browser, serving

pytestmark = needs_browser


@pytest.fixture
def browse(node_folder):
    """A function (url, steps) -> what was seen, by a V8 with some flags."""

    def look(url, *steps, flags=""):
        command = ["node", "browse.mjs", CHROMIUM, str(url), json.dumps(steps), flags]
        done = subprocess.run(command, cwd=node_folder, capture_output=True, encoding="utf-8", check=True, timeout=300)
        return json.loads(done.stdout)

    return look


@pytest.fixture(scope="module")
def bundle(make_bundle):
    """A model over characters."""
    return make_bundle(cell="lstm")


@pytest.fixture(scope="module")
def page(bundle, tmp_path_factory):
    """The model as one file."""
    file = tmp_path_factory.mktemp("page") / "lyrics.html"
    assert _run(args=["embed", str(bundle), "--target", "html", "-o", str(file)]) == 0
    return file


@pytest.fixture
def served(bundle, tmp_path):
    """A folder with the model as a site, and where it is served; the folder may be spoilt."""
    folder = tmp_path / "site"
    assert _run(args=["embed", str(bundle), "--target", "web", "-o", str(folder)]) == 0
    with serving(folder) as url:
        yield folder, url


WRITE = ({"click": "write"}, {"wait": "idle"})
TEXTS = [
    ("我的夜", {"temperature": 0.8, "topK": 0, "seed": 1}),
    ("我的夜", {"temperature": 0, "topK": 0, "seed": 1}),
    ("天空x😀\n", {"temperature": 1.1, "topK": 7, "seed": str(2**63 - 1)}),
    ("<img src=x onerror=alert(1)>", {"temperature": 1, "topK": 0, "seed": 0}),
]


@pytest.mark.filterwarnings("ignore:.*read as <unk>")
def test_a_page_on_the_disk_writes_what_generate_writes(page, bundle, browse):
    steps = [{"wait": "ready"}]
    for number, (prompt, knobs) in enumerate(TEXTS):
        steps += [{"fill": {"prompt": prompt, "length": 100, **knobs}}, *WRITE, {"look": str(number)}]
    seen = browse(page.as_uri(), *steps)
    assert seen["errors"] == []
    model = toolkit.load(bundle)
    for number, (prompt, knobs) in enumerate(TEXTS):
        options = {"temperature": knobs["temperature"], "top_k": knobs["topK"], "seed": int(knobs["seed"])}
        look = seen["looks"][str(number)]
        assert look["text"] == model.generate(prompt, max_new_tokens=100, **options)[0].text
        assert look["whole"] == prompt + look["text"]
        assert look["children"] == 1  # the text that was given, in a colour of its own
        assert look["status"].startswith("100 tokens in ")
    assert {url.partition(":")[0] for url in seen["requests"]} <= {"file", "blob"}


def test_a_page_says_what_is_wrong_and_goes_on(page, browse):
    seen = browse(
        page.as_uri(),
        {"wait": "ready"},
        {"fill": {"seed": str(2**63)}},
        {"click": "write"},
        {"look": "seed"},
        {"fill": {"seed": 0, "prompt": "天" * 20_001}},
        {"click": "write"},
        {"look": "long"},
        {"fill": {"prompt": ""}},
        *WRITE,
        {"look": "empty"},
    )
    assert seen["errors"] == []
    looks = seen["looks"]
    assert looks["seed"]["problem"] == "The seed must be a whole number from 0 to 9223372036854775807."
    assert looks["long"]["problem"] == "The beginning has 20,001 characters; up to 20,000 can be read. Shorten it."
    assert looks["empty"]["problem"] == ""
    assert len(looks["empty"]["text"]) == 120


def test_a_browser_without_simd_is_told_so(page, browse):
    seen = browse(page.as_uri(), {"wait": "problem"}, {"look": "page"}, flags="--no-enable-sse4-1")
    assert seen["errors"] == []
    problem = "This browser cannot run WebAssembly with SIMD. Use one of the last years."
    assert seen["looks"]["page"]["problem"] == problem


def test_a_text_can_be_stopped_and_another_written(page, bundle, browse):
    seen = browse(
        page.as_uri(),
        {"wait": "ready"},
        {"fill": {"length": 500, "prompt": "天" * 3000}},
        {"stopSoon": True},
        *WRITE,
        {"look": "stopped"},
        {"fill": {"length": 50, "prompt": "我", "temperature": 0}},
        *WRITE,
        {"look": "next"},
    )
    assert seen["errors"] == []
    assert seen["looks"]["stopped"]["status"] == "Stopped."
    assert 0 < len(seen["looks"]["stopped"]["text"]) < 500
    expected = toolkit.load(bundle).generate("我", max_new_tokens=50, temperature=0)[0].text
    assert seen["looks"]["next"]["text"] == expected


def test_a_site_writes_the_same(served, bundle, browse):
    prompt, knobs = TEXTS[0]
    steps = ({"wait": "ready"}, {"fill": {"prompt": prompt, "length": 100, **knobs}}, *WRITE, {"look": "text"})
    seen = browse(served[1], *steps)
    assert [error for error in seen["errors"] if "favicon" not in error and "404" not in error] == []
    expected = toolkit.load(bundle).generate(prompt, max_new_tokens=100, temperature=0.8, seed=1)[0].text
    assert seen["looks"]["text"]["text"] == expected
    assert all(url.startswith((served[1], "blob:")) for url in seen["requests"])


SPOILT = {
    "altered": (
        "text.onnx",
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        "text.onnx is not the file that model.json",
    ),
    "cut off": ("ort.wasm", lambda data: data[: len(data) // 2], "ort.wasm is not the file that model.json"),
    "no JSON": ("model.json", lambda data: data[:100], "model.json is damaged"),
    "gone": ("model.json", lambda _: None, "model.json is missing beside this page"),
}


@pytest.mark.parametrize(("name", "change", "message"), SPOILT.values(), ids=SPOILT)
def test_a_site_with_a_spoilt_file_says_which(name, change, message, served, browse):
    folder, url = served
    data = change((folder / name).read_bytes())
    (folder / name).unlink() if data is None else (folder / name).write_bytes(data)
    look = browse(url, {"wait": "problem"}, {"look": "page"})["looks"]["page"]
    assert look["problem"].startswith(f"The model cannot be loaded: {message}")


def test_a_model_from_text_to_text_answers(made_of_pairs, tmp_path, browse):
    bundle, file = made_of_pairs().bundle, tmp_path / "answers.html"
    assert _run(args=["embed", str(bundle), "--target", "html", "-o", str(file)]) == 0
    steps = ({"wait": "ready"}, {"fill": {"prompt": "春", "temperature": 0}}, *WRITE, {"look": "answer"})
    seen = browse(file.as_uri(), *steps)
    assert seen["errors"] == []
    expected = toolkit.load_translator(bundle).translate("春", max_new_tokens=120)[0].text
    assert seen["looks"]["answer"]["text"] == expected


# The command -------------------------------------------------------------------------------------


def test_only_force_replaces_and_only_a_page(page, bundle, tmp_path, capsys):
    assert _run(args=["embed", str(bundle), "--target", "html", "-o", str(page)]) == 2
    assert f"{page}: already exists" in capsys.readouterr().err
    before = page.read_bytes()
    assert _run(args=["embed", str(bundle), "--target", "html", "-o", str(page), "--force"]) == 0
    assert page.read_bytes() == before
    other = tmp_path / "notes.html"
    other.write_text("my notes")
    assert _run(args=["embed", str(bundle), "--target", "html", "-o", str(other), "--force"]) == 2
    assert "no program that `toolkit embed` wrote" in capsys.readouterr().err
    assert other.read_text() == "my notes"


def test_another_archive_is_refused(bundle, tmp_path, capsys):
    wrong = tmp_path / "ort.tgz"
    wrong.write_bytes(b"no archive")
    command = ["embed", str(bundle), "--target", "web", "-o", str(tmp_path / "site"), "--runtime", str(wrong)]
    assert _run(args=command) == 2
    assert (
        f"{wrong}: expected the archive of onnxruntime-web {ORT_WEB.version}, found another" in capsys.readouterr().err
    )
    assert not (tmp_path / "site").exists()


def test_without_npm_it_is_said_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("toolkit.npm.click.get_app_dir", lambda _: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(toolkit.ToolkitError, match=r"npm, which fetches it, is not installed.*--runtime FILE\.tgz"):
        package_files(ORT_WEB, {})
