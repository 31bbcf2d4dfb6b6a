// What is seen: knobs, the text as it grows, and every fault as a sentence. Text of the model is shown as text only.

const WORDS = {
  en: {
    other: "中文", prompt: "Begin with", length: "Characters or words", temperature: "Temperature", topK: "Only the best",
    seed: "Seed", write: "Write", stop: "Stop", copy: "Copy", copied: "Copied.", dice: "Another seed", all: "all",
    loading: "Loading the model…", ready: "Ready.", writing: "Writing…", surest: "0: always the best",
    done: (n, s) => `${n} tokens in ${s.toFixed(2)} s, ${Math.round(n / s).toLocaleString("en")} a second.`,
    stopped: "Stopped.",
    empty: "The beginning is empty: the model starts as after an empty line.",
    long: (n) => `The beginning has ${n.toLocaleString("en")} characters; up to 20,000 can be read. Shorten it.`,
    badSeed: "The seed must be a whole number from 0 to 9223372036854775807.",
    load: (why) => `The model cannot be loaded: ${why}.`, failed: (why) => `Writing failed: ${why}. Try again.`,
    old: "This browser cannot run WebAssembly with SIMD. Use one of the last years.",
    clipboard: "The clipboard cannot be written to; select the text and copy it.",
  },
  zh: {
    other: "English", prompt: "开头", length: "字数或词数", temperature: "温度", topK: "只取前几名", seed: "种子", write: "写",
    stop: "停", copy: "复制", copied: "已复制。", dice: "换一个种子", all: "全部", loading: "正在载入模型……", ready: "就绪。",
    writing: "正在写……", surest: "0：总取最可能的",
    done: (n, s) => `${s.toFixed(2)} 秒写出 ${n} 个，每秒 ${Math.round(n / s)} 个。`,
    stopped: "已停止。", empty: "没有开头：模型像在空行之后那样起笔。",
    long: (n) => `开头有 ${n} 个字，最多能读 20000 个。请缩短。`,
    badSeed: "种子必须是 0 到 9223372036854775807 的整数。",
    load: (why) => `无法载入模型：${why}。`, failed: (why) => `写作失败：${why}。请再试一次。`,
    old: "此浏览器不能运行带 SIMD 的 WebAssembly，请换用近几年的浏览器。", clipboard: "无法写入剪贴板，请选中文字后复制。",
  },
};
const MOST = 20_000, MOST_SEED = 2n ** 63n - 1n;
const $ = (id) => document.getElementById(id);
let words = WORDS[navigator.language?.startsWith("zh") ? "zh" : "en"];
let worker, number = 0, growing = null, told = () => words.loading;

function say(what) { told = what; $("status").textContent = what(); }
function complain(sentence) { $("problem").textContent = sentence; $("problem").hidden = !sentence; }

function translate() {
  document.documentElement.lang = words === WORDS.zh ? "zh" : "en";
  for (const part of document.querySelectorAll("[data-says]")) part.textContent = words[part.dataset.says];
  for (const name of ["write", "stop", "copy"]) $(name).textContent = words[name];
  $("language").textContent = words.other;
  $("dice").title = $("dice").ariaLabel = words.dice;
  show();
  $("status").textContent = told();
}

function show() {
  $("lengthShown").textContent = $("length").value;
  $("temperatureShown").textContent = Number($("temperature").value) ? $("temperature").value : words.surest;
  $("topKShown").textContent = Number($("topK").value) || words.all;
}

function idle(isIdle) { $("write").disabled = !isIdle; $("stop").disabled = isIdle; }

function write() {
  complain("");
  const prompt = $("prompt").value.replaceAll("\r\n", "\n"), seed = $("seed").value.trim() || "0";
  if (!/^[0-9]+$/.test(seed) || BigInt(seed) > MOST_SEED) return complain(words.badSeed);
  if ([...prompt].length > MOST) return complain(words.long([...prompt].length));
  const given = document.createElement("span");
  given.className = "given";
  given.textContent = facts.kind === "lm" ? prompt : "";
  growing = document.createTextNode("");
  $("text").replaceChildren(given, growing);
  $("copy").disabled = false;
  idle(false);
  say(() => (prompt ? words.writing : words.empty));
  const knobs = {
    temperature: Number($("temperature").value), top_k: BigInt($("topK").value), top_p: 1, min_p: 0,
    repetition_penalty: 1, seed: BigInt(seed), stop_at_newline: 0, min_new_tokens: 0n,
  };
  worker.postMessage({ write: { number: ++number, prompt, length: Number($("length").value), knobs } });
}

function stop() {
  worker.postMessage({});
  number += 1; // what still comes of the old text is not shown
  idle(true);
  say(() => words.stopped);
}

function heard({ data }) {
  if (data.ready) { idle(true); say(() => words.ready); document.body.dataset.ready = "yes"; }
  else if (data.problem) {
    const failed = data.problem === "load";
    idle(!failed);
    if (failed) { $("stop").disabled = true; say(() => ""); }
    complain(failed ? words.load(data.detail) : words.failed(data.detail));
  } else if (data.number !== number) return;
  else if (data.done) { idle(true); say(() => words.done(data.written, data.seconds)); }
  else growing.appendData(data.text);
}

// Whether WebAssembly has SIMD: a module of one function with one such instruction.
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

let facts = {};
async function begin() {
  translate();
  $("language").onclick = () => { words = words === WORDS.en ? WORDS.zh : WORDS.en; translate(); };
  for (const name of ["length", "temperature", "topK"]) $(name).oninput = show;
  $("dice").onclick = () => { $("seed").value = crypto.getRandomValues(new Uint32Array(1))[0]; };
  $("write").onclick = write;
  $("stop").onclick = stop;
  $("prompt").onkeydown = (event) => {
    if (event.key === "Enter" && event.ctrlKey && !event.isComposing && !$("write").disabled) write();
  };
  $("copy").onclick = () => navigator.clipboard.writeText($("text").textContent)
    .then(() => say(() => words.copied), () => complain(words.clipboard));
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(new Uint8Array(SIMD))) { say(() => ""); return complain(words.old); }
  try {
    worker = await startWorker(); // this and the next are of embedded.js or fetched.js
    worker.onmessage = heard;
    worker.onerror = (event) => complain(words.load(event.message || "the worker does not start"));
    const parts = await modelParts();
    facts = parts.facts;
    worker.postMessage({ load: parts }, [parts.onnx, parts.wasm].filter(Boolean)); // a large array is handed over, not copied
  } catch (error) {
    say(() => "");
    complain(words.load(error.message));
  }
}
begin();
