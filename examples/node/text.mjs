// Text in, text out: text.onnx holds the vocabulary, the network, the choice of tokens and the random numbers.
//
// It takes UTF-8 and gives UTF-8. Beside the text a language model carries a state, everything that it remembers: some
// tensors that are zeros at first, come out of each call as next_..., and go into the next one.

const CHUNK = 32; // tokens a call: what is written can be shown while it grows
const KNOBS = { top_p: 1, min_p: 0, repetition_penalty: 1, min_new_tokens: 0 }; // neither changes anything
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** A function (octets, knobs) that yields what the model writes after a text, piece by piece, with the ids. */
export async function load(model) {
  const graph = await model.graph("text");
  const stateful = Object.keys(graph.states).length > 0;

  return async function* stream(octets, knobs) {
    let values = { ...knobs, ...KNOBS, ...graph.zeros(), input_text: octets };
    for (let left = knobs.max_new_tokens; left > 0; ) {
      const count = stateful ? Math.min(left, CHUNK) : left; // without a state there is one call
      const found = await graph.run({ ...values, max_new_tokens: count });
      yield { text: UTF8.decode(found.output_text.data), ids: [...found.output_ids.data].map(Number) };
      values = { ...values, ...graph.fedBack(found), input_text: new Uint8Array(0) }; // the text has been read
      left = !stateful || found.stopped.data[0] ? 0 : left - count;
    }
  };
}
