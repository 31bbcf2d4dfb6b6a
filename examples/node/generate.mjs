// Ids in, ids out: the whole decode loop in one graph, with the vocabulary and the random numbers in your program.
//
// generate.onnx reads a prompt and writes tokens; a model from text to text has translate.onnx, which has no state.

import { uniform } from "./model.mjs";

const CHUNK = 32; // tokens a call: what is written can be shown while it grows
const KNOBS = { top_p: 1, min_p: 0, repetition_penalty: 1, min_lengths: [0] }; // neither changes anything

/** A function (octets, knobs) that yields what the model writes after a text, piece by piece, with the ids. */
export async function load(model) {
  const stateful = model.kind === "lm";
  const graph = await model.graph(stateful ? "generate" : "translate");

  return async function* stream(octets, knobs) {
    let ids = model.idsOf(octets), last = stateful ? ids.at(-1) : null; // a target is a text of its own
    const stops = knobs.stop_at_newline ? model.writes.stop_ids : [];
    let values = { ...knobs, ...KNOBS, ...graph.zeros(), stop_ids: stops };
    for (let done = 0; done < knobs.max_new_tokens; ) {
      const left = knobs.max_new_tokens - done, count = stateful ? Math.min(left, CHUNK) : left;
      const uniforms = Array.from({ length: count }, (_, t) => [uniform(knobs.seed, done + t)]);
      const asked = { input_ids: [ids], lengths: [ids.length], max_new_tokens: count, uniforms };
      const found = await graph.run({ ...values, ...asked });
      const written = [...found.output_ids.data].map(Number);
      const text = written.map((id, t) => model.piece(id, t ? written[t - 1] : last)).join("");
      yield { text: stops.length ? text.split("\n", 1)[0] : text, ids: written };
      if (!stateful || found.next_stopped.data[0]) return;
      done += count;
      ids = written.slice(-1); // the last one was written, and has not been read yet
      last = ids[0];
      values = { ...values, ...graph.fedBack(found) };
    }
  };
}
