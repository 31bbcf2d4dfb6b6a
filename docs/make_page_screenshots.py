"""Takes the pictures of docs/embedding.md: a page of `toolkit embed`, opened from the disk, in a real Chromium.

usage: python docs/make_page_screenshots.py [FOLDER]          by default this one

Before a picture is kept, the text in it is compared with that of `toolkit generate` with the same seed. Needs the extra
`export`, Chromium, npm and a font with Chinese characters (fonts-noto-cjk).
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import toolkit
from toolkit.embed import write_program

HERE = Path(__file__).resolve().parent
MODEL = "builtin:lyrics-zh"
PROMPT, LENGTH, SEED, TEMPERATURE = "春天的风", 120, 7, 0.5
SIZES = {"page-light": ("light", 900, 760), "page-dark": ("dark", 400, 800)}
"""The colours, and the size of the window: a desk and a phone."""


def pictures(folder: Path) -> dict[str, str]:
    """Take them into a folder; the text that stood in each."""
    driver = HERE.parent / "tests" / "web"
    for source in driver.iterdir():
        if source.is_file():
            shutil.copy(source, folder)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=folder, check=True)
    page = folder / "lyrics.html"
    write_program(Path(MODEL), "html", page)
    knobs = {"prompt": PROMPT, "length": LENGTH, "seed": SEED, "temperature": TEMPERATURE}
    steps: list[dict[str, object]] = [{"wait": "ready"}, {"fill": knobs}, {"click": "write"}, {"wait": "idle"}]
    for name, (colours, width, height) in SIZES.items():
        steps += [{"scheme": colours}, {"size": {"width": width, "height": height}}]
        steps += [{"shot": str(folder / f"{name}.png")}, {"look": name}]
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("error: expected Chromium, found none; apt-get install chromium")
    command = ["node", "browse.mjs", chromium, page.as_uri(), json.dumps(steps)]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
    seen = json.loads(done.stdout)
    if seen["errors"]:
        raise SystemExit(f"error: {seen['errors']}")
    return {name: look["text"] for name, look in seen["looks"].items()}


def main() -> None:
    """Take, compare, keep."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    model = toolkit.load(MODEL, "cpu")
    expected = model.generate(PROMPT, max_new_tokens=LENGTH, seed=SEED, temperature=TEMPERATURE)[0].text
    with tempfile.TemporaryDirectory() as name:
        for picture, text in pictures(Path(name)).items():
            if text != expected:
                raise SystemExit(f"error: {picture} shows another text than `toolkit generate` writes:\n{text}")
            shutil.copy(Path(name) / f"{picture}.png", target)
            print(target / f"{picture}.png")


if __name__ == "__main__":
    main()
