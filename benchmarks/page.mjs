// Opens a page that `toolkit embed --target html` wrote in a real Chromium, and writes texts with it as a user would.
//
// node page.mjs CHROMIUM URL ROUNDS SETTLE_MS. Printed is one JSON object: first_s, the seconds from opening the page to
// the first text, where the button is pressed as soon as it can be; seconds, those of each whole text of LENGTH tokens
// that is written after SETTLE_MS of doing nothing, in which the browser compiles what it needs.

import { chromium } from "playwright-core";

const LENGTH = 500; // as many as the page writes at once

// Runs in the page before its own scripts: presses the button at once, and notes when the first text is there.
const watch = () => addEventListener("DOMContentLoaded", () => {
  const text = document.getElementById("text");
  const ready = new MutationObserver(() => {
    if (!document.body.dataset.ready) return;
    ready.disconnect();
    document.getElementById("write").click();
  });
  const first = new MutationObserver(() => {
    if (!text.lastChild?.textContent) return;
    first.disconnect();
    window.firstText = performance.now();
  });
  ready.observe(document.body, { attributes: true });
  first.observe(text, { childList: true, characterData: true, subtree: true });
});

const idle = () => document.getElementById("stop").disabled && !document.getElementById("write").disabled;

// Writes one text in the page: ms from pressing the button to its end.
const writeOne = (length) => new Promise((go) => {
  const button = document.getElementById("write"), knob = document.getElementById("length");
  knob.value = length;
  const began = performance.now();
  button.click();
  const end = new MutationObserver(() => {
    if (button.disabled) return;
    end.disconnect();
    go(performance.now() - began);
  });
  end.observe(button, { attributes: true });
});

const [, , executablePath, url, rounds, settle] = process.argv;
async function fresh(during) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => { throw error; });
    return await during(page);
  } finally {
    await browser.close();
  }
}

const first = await fresh(async (page) => {
  await page.addInitScript(watch);
  await page.goto(url);
  await page.waitForFunction(() => window.firstText);
  return (await page.evaluate(() => window.firstText)) / 1000;
});
const seconds = await fresh(async (page) => {
  await page.goto(url);
  await page.waitForFunction(idle);
  await page.waitForTimeout(Number(settle));
  const found = [];
  for (let i = 0; i < Number(rounds); i += 1) found.push((await page.evaluate(writeOne, LENGTH)) / 1000);
  return found;
});
process.stdout.write(JSON.stringify({ first_s: first, tokens: LENGTH, seconds }));
