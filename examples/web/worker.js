// The model, beside the page: a worker computes, so that the page never stands still.
//
// text.onnx takes UTF-8 bytes and gives UTF-8 bytes. A language model also has a state: everything that it remembers of
// the text so far, a handful of tensors. They begin as zeros, come out of each call under the name next_…, and go in
// again with the next one. So a text can be written a few tokens at a time, and shown while it grows.

// How many tokens a call writes: twice as many as the last one while that took less than SHORT ms, half as many if it took
// more than LONG. Each call costs a millisecond besides its tokens, and in long ones the text jumps.
const SHORT = 12, LONG = 30;

// A browser runs WebAssembly first as it comes, slowly, and compiles what runs often meanwhile. So some texts are written
// that nobody sees, for WARM ms or until somebody asks for one.
const WARM = 1500, WARMING = -1;

const ARRAYS = { float32: Float32Array, int64: BigInt64Array, bool: Uint8Array, uint8: Uint8Array };

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

let session, model;
let packedRuntime; // of a page that is one file
let wanted = WARMING; // the number of the text that is wanted; one that grows while it is another number stops

const next = new MessageChannel(), turns = []; // lets messages in between two calls; a timer would wait for milliseconds
next.port1.onmessage = () => turns.shift()();
const turn = () => new Promise((go) => { turns.push(go); next.port2.postMessage(0); });

self.onmessage = async ({ data }) => {
  try {
    if (data.wasm) packedRuntime = unpacked(data.wasm);
    else if (data.load) await load(data.load);
    else if (data.write) { wanted = data.write.number; await write(data.write); }
    else wanted = 0;
  } catch (error) {
    self.postMessage({ problem: data.load ? "load" : "write", detail: String(error?.message ?? error) });
  }
};

async function load({ wasm, onnx, facts }) {
  if (!self.ort) importScripts("ort.js"); // in a page that is one file it stands in front of this
  ort.env.wasm.wasmBinary = wasm ?? (await packedRuntime);
  ort.env.wasm.numThreads = 1; // more would need headers that a file on the disk has not
  ort.env.logLevel = "error";
  // What can be optimised was, when the page was made.
  const options = { executionProviders: ["wasm"], graphOptimizationLevel: "disabled", logSeverityLevel: 3 };
  session = await ort.InferenceSession.create(new Uint8Array(onnx), options);
  model = facts;
  // The contract: model.json says which inputs and outputs there are; the graph must have the same.
  const { inputs, outputs } = model.signatures.text;
  const differs = (specs, names) => specs.map((s) => s.name).join() !== [...names].join();
  if (differs(inputs, session.inputNames) || differs(outputs, session.outputNames)) {
    throw new Error("text.onnx does not have the inputs and outputs that model.json tells");
  }
  self.postMessage({ ready: true });
  await turn(); // who has waited to write comes first
  await warmUp();
}

async function warmUp() {
  const knobs = {
    temperature: 1, top_k: 0n, top_p: 1, min_p: 0, repetition_penalty: 1, seed: 0n, stop_at_newline: 0, min_new_tokens: 0n,
  };
  const end = performance.now() + WARM;
  while (wanted === WARMING && performance.now() < end) await write({ number: WARMING, prompt: "a", length: 50, knobs });
}

const tensor = ({ dtype, axes }, values) => new ort.Tensor(dtype, ARRAYS[dtype].from(values), axes);

function zeros(spec) {
  const size = spec.axes.reduce((a, b) => a * b, 1);
  return new ort.Tensor(spec.dtype, new ARRAYS[spec.dtype](size), spec.axes);
}

async function write({ number, prompt, length, knobs }) {
  const { inputs, states } = model.signatures.text;
  const named = Object.fromEntries(inputs.map((spec) => [spec.name, spec]));
  let state = Object.fromEntries(Object.keys(states).map((name) => [name, zeros(named[name])]));
  const stateful = Object.keys(states).length > 0; // a model from text to text reads and writes in one call
  let octets = new TextEncoder().encode(prompt);
  const started = performance.now();
  let written = 0, chunk = 1;
  for (let left = length; left > 0 && wanted === number; ) {
    const count = stateful ? Math.min(left, chunk) : left;
    const feeds = { ...state, input_text: new ort.Tensor("uint8", octets, [octets.length]) };
    for (const [name, value] of Object.entries({ ...knobs, max_new_tokens: BigInt(count) })) {
      if (named[name]) feeds[name] = tensor(named[name], [value]);
    }
    const before = performance.now();
    const found = await session.run(feeds);
    if (wanted !== number) return;
    const took = performance.now() - before;
    if (took < SHORT) chunk *= 2;
    else if (took > LONG) chunk = Math.max(1, chunk / 2);
    const tokens = found.output_ids.data.length;
    if (!found.log_probs.data.every(Number.isFinite)) throw new Error("the model is damaged: it computes no numbers");
    written += tokens;
    if (number !== WARMING) {
      const ids = [...found.output_ids.data].map(Number);
      self.postMessage({ number, text: UTF8.decode(found.output_text.data), ids });
    }
    state = Object.fromEntries(Object.entries(states).map(([name, after]) => [name, found[after]]));
    octets = new Uint8Array(0); // the prompt has been read: the state knows it
    left = stateful && tokens === count && !found.stopped.data[0] ? left - tokens : 0;
    await turn();
  }
  if (number !== WARMING) self.postMessage({ number, done: true, written, seconds: (performance.now() - started) / 1000 });
}
