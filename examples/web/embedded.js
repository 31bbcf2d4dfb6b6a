// Everything is in this file: scripts as text, runtime and model compressed, as base64.

async function unpacked(id) {
  const octets = Uint8Array.from(atob(document.getElementById(id).textContent), (sign) => sign.charCodeAt(0));
  const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

async function modelParts() {
  const [runtime, wasm, onnx] = await Promise.all(["runtime", "wasm", "onnx"].map(unpacked));
  const scripts = [runtime, document.getElementById("worker").textContent];
  const worker = URL.createObjectURL(new Blob(scripts, { type: "text/javascript" }));
  return { facts: JSON.parse(document.getElementById("facts").textContent), wasm, onnx, worker };
}
