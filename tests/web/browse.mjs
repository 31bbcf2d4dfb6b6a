// Opens a page in a real Chromium, does what is asked, and prints what is to be seen.
//
// node browse.mjs CHROMIUM URL STEPS [FLAGS OF V8], where STEPS is JSON: a list of {fill: {id: value}}, {click: id}, {wait: "done"},
// {shot: file}, {look: name} and the like. Printed is one JSON object: what each look saw, requests, and errors.

import { chromium } from "playwright-core";

const WAITS = {
  ready: () => document.body.dataset.ready === "yes",
  text: () => document.querySelector("#text").lastChild?.textContent.length > 0,
  idle: () => document.querySelector("#stop").disabled && !document.querySelector("#write").disabled,
  problem: () => !document.querySelector("#problem").hidden,
};

const LOOK = () => ({
  text: document.querySelector("#text").lastChild?.textContent ?? "",
  whole: document.querySelector("#text").textContent,
  status: document.querySelector("#status").textContent,
  problem: document.querySelector("#problem").hidden ? "" : document.querySelector("#problem").textContent,
  children: document.querySelectorAll("#text *").length,
});

/** In the page: presses Stop as soon as something was written. */
function stopSoon() {
  const text = document.querySelector("#text");
  new MutationObserver((_, observer) => {
    if (!text.lastChild?.textContent) return;
    observer.disconnect();
    document.querySelector("#stop").click();
  }).observe(text, { childList: true, characterData: true, subtree: true });
}

async function until(holds, name) {
  const end = Date.now() + 120_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${name}`);
    await new Promise((go) => setTimeout(go, 5));
  }
}

const [, , executablePath, url, steps, flags = ""] = process.argv;
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", `--js-flags=${flags}`] });
const seen = { looks: {}, requests: [], errors: [] };
try {
  const page = await (await browser.newContext({ locale: "en-GB", viewport: { width: 900, height: 760 } })).newPage();
  page.on("request", (request) => seen.requests.push(request.url().slice(0, 200)));
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  const began = Date.now();
  await page.goto(url);
  for (const step of JSON.parse(steps)) {
    const [[what, value]] = Object.entries(step);
    if (what === "fill") for (const [id, text] of Object.entries(value)) await page.locator(`#${id}`).fill(String(text));
    else if (what === "click") await page.click(`#${value}`, { timeout: 60_000 });
    else if (what === "stopSoon") await page.evaluate(stopSoon);
    else if (what === "scheme") await page.emulateMedia({ colorScheme: value });
    else if (what === "size") await page.setViewportSize(value);
    else if (what === "shot") await page.screenshot({ path: value });
    else if (what === "wait") await until(() => page.evaluate(WAITS[value]), value);
    else if (what === "look") seen.looks[value] = { ...(await page.evaluate(LOOK)), ms: Date.now() - began };
    else throw new Error(`unknown step ${what}`);
  }
} catch (error) {
  seen.errors.push(String(error));
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify(seen));
