// node write.mjs [text|generate|step] [options] [BEGINNING]; without a beginning, each line of standard input is one.

import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";

const PROGRAMS = ["text", "generate", "step"];
const MOST_BYTES = 60_000; // of a beginning; a longer one takes a minute to read
const HELP = `node write.mjs [${PROGRAMS.join("|")}] [options] [BEGINNING]
  --max-new-tokens N   so many tokens (100)
  --temperature T      0 takes the best token (0.8)
  --top-k K            choose among so many; 0 is all (0)
  --seed S             the same seed writes the same text (1)
  --stop-at-newline    end at a line break
  --ids                print the ids of the tokens
Without a beginning, each line of standard input is one. Ctrl-C stops a text.`;

function stop(sentence, code) {
  process.stderr.write(`write.mjs: ${sentence}\n`);
  process.exit(code);
}

/** The value of an option that is a whole number. */
function whole(values, name, most) {
  if (!/^[0-9]+$/.test(values[name]) || BigInt(values[name]) > most) {
    stop(`expected --${name} from 0 to ${most}, found ${values[name]}`, 2);
  }
  return BigInt(values[name]);
}

function asked() {
  const text = (value) => ({ type: "string", default: value }), flag = { type: "boolean", default: false };
  const options = {
    "max-new-tokens": text("100"), temperature: text("0.8"), "top-k": text("0"), seed: text("1"),
    "stop-at-newline": flag, ids: flag, help: flag,
  };
  let values, positionals;
  try {
    ({ values, positionals } = parseArgs({ options, allowPositionals: true }));
  } catch (error) {
    stop(error.message, 2);
  }
  if (values.help) { console.log(HELP); process.exit(); }
  const program = PROGRAMS.includes(positionals[0]) ? positionals.shift() : "text";
  if (positionals.length > 1) stop(`expected one beginning, found ${positionals.length}: put it in quotes`, 2);
  const temperature = Number(values.temperature);
  if (!(temperature >= 0 && temperature <= 1e30)) stop("expected a temperature from 0 to 1e30", 2);
  const knobs = {
    max_new_tokens: Number(whole(values, "max-new-tokens", 100_000n)),
    temperature,
    top_k: Number(whole(values, "top-k", 2n ** 31n - 1n)),
    seed: whole(values, "seed", 2n ** 63n - 1n), // a BigInt: JavaScript's numbers are exact up to 2 ** 53 only
    stop_at_newline: values["stop-at-newline"],
  };
  return { program, knobs, ids: values.ids, beginning: positionals[0] };
}

/** The lines of standard input as bytes, which need not be UTF-8. */
async function* lines() {
  let rest = Buffer.alloc(0);
  for await (const piece of process.stdin) {
    rest = Buffer.concat([rest, piece]);
    for (let end; (end = rest.indexOf(10)) >= 0; rest = rest.subarray(end + 1)) yield rest.subarray(0, end);
  }
  if (rest.length) yield rest;
}

const { program, knobs, ids, beginning } = asked();
const wanted = new Int32Array(new SharedArrayBuffer(4)); // the worker looks at it between two pieces
process.env.ORT_DISABLE_TELEMETRY ??= "1"; // is read when onnxruntime-node is loaded
const worker = new Worker(new URL("worker.mjs", import.meta.url), { workerData: { program, wanted: wanted.buffer } });
let answered; // is called at the end of a text
const answer = () => new Promise((go) => { answered = go; });

let closed = false; // whoever reads may stop reading; the worker must not be cut off in a call
process.stdout.on("error", () => { closed = true; Atomics.store(wanted, 0, 0); });
worker.on("error", (error) => stop(error.message, 1));
worker.on("message", ({ text, ids: numbers, problem, fatal, ready, done }) => {
  if (fatal) stop(problem, 1);
  if (problem) process.stderr.write(`write.mjs: ${problem}\n`);
  if (text !== undefined) process.stdout.write(ids ? numbers.map((id) => `${id} `).join("") : text);
  if (ready || done) answered();
});
process.on("SIGINT", () => (wanted[0] ? Atomics.store(wanted, 0, 0) : process.exit(130)));

await answer();
let number = 0;
for await (const octets of beginning === undefined ? lines() : [Buffer.from(beginning)]) {
  if (octets.length > MOST_BYTES) {
    process.stderr.write(`this beginning has ${octets.length} bytes, ${MOST_BYTES} can be read: shorten it\n`);
    continue;
  }
  Atomics.store(wanted, 0, ++number);
  worker.postMessage({ number, octets: Uint8Array.from(octets), knobs });
  await answer();
  if (closed) break;
  if (!Atomics.exchange(wanted, 0, 0)) process.stderr.write("stopped\n");
  process.stdout.write("\n");
}
await worker.terminate();
