// What text.mjs, generate.mjs and step.mjs share: the graphs and their contract, the vocabulary, the random numbers.
// Nothing here is Node's own: with onnxruntime-web as `ort` and fetch as `read` it runs in a browser.

const ARRAYS = { float32: Float32Array, int64: BigInt64Array, bool: Uint8Array, uint8: Uint8Array };
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true }); // what is no UTF-8 becomes U+FFFD

/** The files of a model. `ort` is ONNX Runtime; `read(name)` promises the bytes of the file of that name. */
export async function openModel(ort, read) {
  let facts;
  try {
    facts = JSON.parse(UTF8.decode(await read("model.json")));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error("model.json is damaged");
    throw error;
  }
  if (facts.format_version !== 1) throw new Error(`model.json has format version ${facts.format_version}, not 1`);
  if (!facts.reads || !facts.writes || !facts.files) throw new Error("model.json is not the one of this program");
  return new Model(ort, read, facts);
}

class Model {
  constructor(ort, read, facts) {
    Object.assign(this, { ort, read, kind: facts.kind, facts, reads: facts.reads, writes: facts.writes });
    this.ids = new Map(facts.reads.tokens.map((token, id) => [token, id]).filter(([token]) => token));
  }

  /** One .onnx file, after its hash and its inputs and outputs were compared with model.json. */
  async graph(name) {
    const file = `${name}.onnx`, data = await this.read(file);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    if ([...digest].map((octet) => octet.toString(16).padStart(2, "0")).join("") !== this.facts.files[file]?.sha256) {
      throw new Error(`${file} is not the file that model.json tells of: it was altered, cut off or exchanged`);
    }
    // One thread: in a small model a second one costs more than it gives.
    const options = { executionProviders: this.ort.env.wasm?.wasmBinary ? ["wasm"] : ["cpu"], intraOpNumThreads: 1 };
    const session = await this.ort.InferenceSession.create(data, options);
    const { inputs, outputs, states } = this.facts.signatures[name];
    const differs = (specs, names) => specs.map((spec) => spec.name).join() !== [...names].join();
    if (differs(inputs, session.inputNames) || differs(outputs, session.outputNames)) {
      throw new Error(`${file} does not have the inputs and outputs that model.json tells`);
    }
    return new Graph(this.ort, session, inputs, states);
  }

  /** The ids that the model reads of UTF-8. Where the vocabulary has nothing for the unknown, that is left out. */
  idsOf(octets) {
    const { spaced, longest, newline, line_break, unk_id, pad_id, width, before, after, opening } = this.reads;
    let text = UTF8.decode(octets);
    if (newline === "space") text = text.replaceAll("\n", " ");
    let found = [];
    if (spaced) {
      const words = text.match(/\n|[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g) ?? [];
      found = words.map((word) => (word === "\n" ? line_break : this.ids.get(word) ?? unk_id));
    } else {
      const points = [...text];
      for (let place = 0; place < points.length; ) { // the longest token that fits here, or one unknown character
        let size = Math.min(longest, points.length - place);
        while (size > 1 && !this.ids.has(points.slice(place, place + size).join(""))) size -= 1;
        found.push(this.ids.get(points.slice(place, place + size).join("")) ?? unk_id);
        place += size;
      }
    }
    const ids = found.filter((id) => id !== null);
    while (ids.length < width) ids.push(pad_id);
    const whole = [...before, ...ids, ...after];
    return whole.length ? whole : opening;
  }

  /** What a token adds to a text that ends with the token `before`; null at its start. */
  piece(token, before) {
    const { pieces, spaced, line_break } = this.writes, piece = pieces[token];
    const parted = spaced && piece && piece !== "\n" && before !== null && before !== line_break;
    return parted ? ` ${piece}` : piece;
  }
}

class Graph {
  constructor(ort, session, inputs, states) { Object.assign(this, { ort, session, inputs, states }); }

  /** The states before anything was read, by name. An axis N is the number of texts at once: 1. */
  zeros() {
    const specs = this.inputs.filter((spec) => spec.name in this.states);
    return Object.fromEntries(specs.map(({ name, dtype, axes }) => {
      const sizes = axes.map((axis) => (axis === "N" ? 1 : axis));
      return [name, new this.ort.Tensor(dtype, new ARRAYS[dtype](sizes.reduce((a, b) => a * b, 1)), sizes)];
    }));
  }

  /** The outputs by name. Of the values those are taken that the graph has an input for: tensors, numbers, lists. */
  async run(values) {
    const feeds = {};
    for (const { name, dtype } of this.inputs) feeds[name] = this.tensor(dtype, values[name]);
    const found = await this.session.run(feeds);
    for (const number of (found.logits ?? found.log_probs)?.data ?? []) {
      if (!Number.isFinite(number)) throw new Error("the model is damaged: it computes no numbers");
    }
    return found;
  }

  tensor(dtype, value) {
    if (value instanceof this.ort.Tensor) return value;
    const shape = (part) => (Array.isArray(part) ? [part.length, ...(part.length ? shape(part[0]) : [])] : []);
    if (value instanceof Uint8Array) return new this.ort.Tensor(dtype, value, [value.length]);
    const whole = dtype === "int64" ? BigInt : Number;
    return new this.ort.Tensor(dtype, ARRAYS[dtype].from([value].flat(Infinity), whole), shape(value));
  }

  /** What came out as the next states, under the names that they go in with. */
  fedBack(found) {
    return Object.fromEntries(Object.entries(this.states).map(([name, after]) => [name, found[after]]));
  }
}

/** The random number in [0, 1) of a token: Philox4x32-10; the seed is a BigInt. */
export function uniform(seed, token) {
  const low = 0xffffffffn;
  let c = [BigInt(token), 0n, 0n, 0n], k = [seed & low, seed >> 32n];
  for (let round = 0; round < 10; round++) {
    const p = c[0] * 0xd2511f53n, q = c[2] * 0xcd9e8d57n;
    c = [(q >> 32n) ^ c[1] ^ k[0], q & low, (p >> 32n) ^ c[3] ^ k[1], p & low];
    k = [(k[0] + 0x9e3779b9n) & low, (k[1] + 0xbb67ae85n) & low];
  }
  return Number(c[0] >> 8n) / 2 ** 24;
}
