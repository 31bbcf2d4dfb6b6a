// Everything is in this file: scripts as text, runtime and model compressed, as base64.
//
// This runs as soon as the runtime has been read. The model stands behind it: while the browser still reads that, the
// worker unpacks and starts the runtime, which takes longest.

const block = (id) => document.getElementById(id).textContent;
const wholePage = new Promise((go) => document.addEventListener("DOMContentLoaded", go));

async function startWorker() {
  const scripts = [await unpacked(block("runtime")), block("worker")];
  const worker = new Worker(URL.createObjectURL(new Blob(scripts, { type: "text/javascript" })));
  worker.postMessage({ wasm: block("wasm") });
  return worker;
}

async function modelParts() {
  await wholePage;
  return { facts: JSON.parse(block("facts")), onnx: await unpacked(block("onnx")) };
}
