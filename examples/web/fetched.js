// The files lie beside the page. model.json tells the SHA-256 of the others; what is not what was exported is not run.

async function file(name) {
  const answer = await fetch(name).catch(() => null);
  if (!answer?.ok) throw new Error(`${name} is missing beside this page, or cannot be fetched`);
  return answer.arrayBuffer();
}

async function checked(name, sha256) {
  const data = await file(name);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  const found = [...digest].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  if (found !== sha256) throw new Error(`${name} is not the file that model.json tells of: it was altered or cut off`);
  return data;
}

async function told() {
  try {
    return JSON.parse(new TextDecoder().decode(await file("model.json")));
  } catch (error) {
    throw error instanceof SyntaxError ? new Error("model.json is damaged") : error;
  }
}

async function startWorker() {
  if (!crypto.subtle) throw new Error("this page must be served over https, or from localhost");
  return new Worker("worker.js");
}

async function modelParts() {
  const facts = await told(), listed = facts.files;
  const [onnx, wasm] = await Promise.all(["text.onnx", "ort.wasm"].map((name) => checked(name, listed[name].sha256)));
  await checked("ort.js", listed["ort.js"].sha256); // the worker takes it from the browser's cache
  return { facts, wasm, onnx };
}
