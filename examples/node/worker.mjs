// Computes beside the program: a call of ONNX Runtime holds up the thread that it runs in.

import { readFile } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { openModel } from "./model.mjs";

const wanted = new Int32Array(workerData.wanted); // the number of the text that is wanted; another one stops it

async function read(name) {
  try {
    return await readFile(new URL(name, import.meta.url));
  } catch {
    throw new Error(`${name} is missing beside this program, or cannot be read`);
  }
}

/** A module, or why there is none. */
function found(name, otherwise) {
  return import(name).catch((error) => {
    throw error.code === "ERR_MODULE_NOT_FOUND" ? new Error(otherwise) : error;
  });
}

async function load() {
  const ort = await found("onnxruntime-node", "onnxruntime-node is not installed: npm install --ignore-scripts");
  const name = `./${workerData.program}.mjs`;
  const program = await found(name, `there is no ${name}: the model has no graph for it`);
  return program.load(await openModel(ort.InferenceSession ? ort : ort.default, read));
}

let stream; // of the program that was asked for
parentPort.on("message", async ({ number, octets, knobs }) => {
  try {
    for await (const { text, ids } of stream(octets, knobs)) {
      if (Atomics.load(wanted, 0) !== number) break;
      parentPort.postMessage({ text, ids });
    }
    parentPort.postMessage({ done: true });
  } catch (error) {
    parentPort.postMessage({ problem: error.message, done: true });
  }
});
try {
  stream = await load();
  parentPort.postMessage({ ready: true });
} catch (error) {
  parentPort.postMessage({ problem: error.message, fatal: true });
}
