// Runs an embedded program in a real Chromium on the page of a site, and prints the ids that it wrote.
//
// node contract.mjs CHROMIUM URL PROGRAM < TASKS, where TASKS is a JSON list of {knobs, beginnings}, these in base64.
// The program is "worker", the site's own, or the name of a module in the folder node/ beside the page: text, generate, step.

import { text } from "node:stream/consumers";
import { chromium } from "playwright-core";

/** In the page: the ids of each text of each task. */
async function idsOf({ program, tasks }) {
  const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());

  /** A function (octets, knobs) that promises the ids that a module writes. */
  async function fromModule() {
    await import("./ort.js");
    ort.env.wasm.wasmBinary = await bytes("ort.wasm");
    ort.env.wasm.numThreads = 1;
    const [{ openModel }, { load }] = await Promise.all([import("./node/model.mjs"), import(`./node/${program}.mjs`)]);
    const stream = await load(await openModel(ort, (name) => bytes(`node/${name}`)));
    return async (octets, knobs) => {
      const ids = [];
      for await (const piece of stream(octets, knobs)) ids.push(...piece.ids);
      return ids;
    };
  }

  /** The same of the site's worker, which is asked as page.js does. */
  async function fromWorker() {
    const worker = new Worker("worker.js");
    let number = 0;
    const answer = (question, ...given) => new Promise((go, no) => {
      const ids = [];
      worker.onmessage = ({ data }) => {
        if (data.problem) no(new Error(data.detail));
        else if (data.ids) ids.push(...data.ids);
        if (data.ready || data.done) go(ids);
      };
      worker.postMessage(question, ...given);
    });
    const [json, onnx, wasm] = await Promise.all(["model.json", "text.onnx", "ort.wasm"].map(bytes));
    const facts = JSON.parse(new TextDecoder().decode(json));
    await answer({ load: { facts, onnx: onnx.buffer, wasm: wasm.buffer } });
    return (octets, { max_new_tokens: length, ...knobs }) => {
      const others = { top_p: 1, min_p: 0, repetition_penalty: 1, min_new_tokens: 0n, top_k: BigInt(knobs.top_k) };
      const prompt = new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets);
      return answer({ write: { number: ++number, prompt, length, knobs: { ...knobs, ...others } } });
    };
  }

  const write = await (program === "worker" ? fromWorker() : fromModule());
  const found = [];
  for (const { knobs, beginnings } of tasks) {
    const texts = [];
    for (const beginning of beginnings) {
      const octets = Uint8Array.from(atob(beginning), (sign) => sign.charCodeAt(0));
      texts.push(await write(octets, { ...knobs, seed: BigInt(knobs.seed), stop_at_newline: 0 }));
    }
    found.push(texts);
  }
  return found;
}

const [, , executablePath, url, program] = process.argv;
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  await page.goto(url);
  const tasks = JSON.parse(await text(process.stdin));
  process.stdout.write(JSON.stringify(await page.evaluate(idsOf, { program, tasks })));
} finally {
  await browser.close();
}
