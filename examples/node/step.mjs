// One token at a time: the loop, the state, the choice of tokens and the random numbers in your program.
//
// step.onnx takes one id and the state, and gives the scores of all tokens and the next state. A model from text to
// text has encoder.onnx, which reads the source, and decoder.onnx, which is the step and may look at what that gave.

import { uniform } from "./model.mjs";

/** The next token, from the scores of all [V] and a random number in [0, 1). */
function choose(logits, banned, knobs, u) {
  for (const id of banned) logits[id] = -Infinity;
  let best = 0; // of equals the first
  for (let id = 1; id < logits.length; id += 1) if (logits[id] > logits[best]) best = id;
  const most = logits[best], temperature = Math.fround(Math.min(knobs.temperature, 100)); // as the graphs do
  if (temperature === 0) return best;
  if (knobs.top_k > 0 && knobs.top_k < logits.length) {
    const order = Uint32Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b);
    for (const id of order.subarray(knobs.top_k)) logits[id] = -Infinity;
  }
  // Weights are float32, as in the graphs; JavaScript's own numbers are float64, and so is their sum.
  let whole = 0, sum = 0;
  for (let id = 0; id < logits.length; id += 1) {
    logits[id] = Math.exp(Math.fround(Math.fround(logits[id] - most) / temperature));
    whole += logits[id];
  }
  return logits.findIndex((weight) => (sum += weight) > u * whole); // the first whose sum exceeds that share of all
}

/** A function (octets, knobs) that yields what the model writes after a text, token by token, with the id. */
export async function load(model) {
  const encoder = model.kind === "lm" ? null : await model.graph("encoder");
  const step = await model.graph(encoder ? "decoder" : "step");
  const { banned, stop_ids, bos_id, eos_id } = model.writes;

  /** Read a text: the state after it, and the token that has to be read next. */
  async function begin(octets) {
    const ids = model.idsOf(octets);
    if (encoder) {
      const source = { input_ids: [ids], lengths: [ids.length] };
      return [{ ...(await encoder.run(source)), lengths: source.lengths }, bos_id];
    }
    let state = step.zeros();
    for (const id of ids.slice(0, -1)) { // the scores in between are of no use
      state = step.fedBack(await step.run({ ...state, input_ids: [id] }));
    }
    return [state, ids.at(-1)];
  }

  return async function* stream(octets, knobs) {
    let [state, last] = await begin(octets), before = encoder ? null : last;
    for (let token = 0; token < knobs.max_new_tokens; token++) {
      const found = await step.run({ ...state, input_ids: [last] });
      state = { ...state, ...step.fedBack(found) }; // what the encoder gave stays
      last = choose(found.logits.data, banned, knobs, uniform(knobs.seed, token));
      const stops = knobs.stop_at_newline && stop_ids.includes(last), text = model.piece(last, before);
      yield { text: stops ? text.split("\n", 1)[0] : text, ids: [last] };
      if (stops || last === eos_id) return;
      before = last;
    }
  };
}
