// What is known of errors and of names.

// An error as the fields of its frame, whatever looking at it does.
function describe(error, util) {
  try {
    return described(error, util);
  } catch {
    const message = "this error can't be shown: looking at it fails";
    return { type: typeof error, message, text: `Uncaught: ${message}\n`, frames: [] };
  }
}

// What is not an error can be thrown too.
function described(error, util) {
  const isError = util.types.isNativeError(error) || error instanceof Error;
  if (!isError) {
    const shown = util.inspect(error);
    return { type: typeof error, message: shown, text: `Uncaught ${shown}\n`, frames: [] };
  }
  const kept = withoutOurs(util.inspect(error).split("\n"));
  // A syntax error begins with its place: FILE:LINE, what stands there, a mark below it.
  const place = error.name === "SyntaxError" ? /^([^\s].*):(\d+)$/.exec(kept[0]) : null;
  const frames = place ? [["", place[1], place[2]]] : [];
  for (const line of kept) {
    const match = /^\s+at (?:(.+) \()?(.+?):(\d+):\d+\)?$/.exec(line);
    if (match) frames.unshift([match[1] || "", match[2], match[3]]);
  }
  const text = place ? kept.filter((line) => line.trim()) : kept;
  return {
    type: String(error.name),
    message: String(error.message),
    text: `Uncaught ${text.join("\n")}\n`,
    frames,
  };
}

// The lines of an error without those of a stack from where it leaves what was evaluated.
function withoutOurs(lines) {
  const kept = [];
  let leaving = false;
  for (const line of lines) {
    if (!/^\s+at /.test(line)) leaving = false;
    else if (/ContextifyScript|\bScript\b|repl-connect|node:(?:repl|vm|internal\/vm)/.test(line)) leaving = true;
    if (!leaving) kept.push(line);
  }
  return kept;
}

// A value that a dotted name stands for, in an array; an empty one if code would have to run.
function resolve(server, name, require) {
  const path = name.split(".");
  if (!path.every((each) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(each))) return [];
  let value;
  try {
    // Declarations of the REPL are in no object: only its context can tell them.
    const vm = require("vm");
    const script = new vm.Script(path[0], { filename: "repl-connect" });
    value = server.useGlobal ? script.runInThisContext() : script.runInContext(server.context);
  } catch {
    return [];
  }
  for (const each of path.slice(1)) {
    let owner = value;
    let found;
    if (owner === null || owner === undefined) return [];
    owner = Object(owner);
    while (owner !== null && !(found = Object.getOwnPropertyDescriptor(owner, each))) {
      owner = Object.getPrototypeOf(owner);
    }
    if (!found || !("value" in found)) return [];
    value = found.value;
  }
  return [value];
}

function kind(value) {
  if (typeof value !== "function") return "var";
  return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
}

// What the REPL's own completion has found, as names and types.
function candidates(server, found, prefix) {
  const [names, completed] = found || [[], prefix];
  const before = prefix.slice(0, prefix.length - String(completed).length);
  const items = [];
  for (const name of new Set(names)) {
    if (name && items.length < 1000) items.push(before + name, "var");
  }
  return items;
}

// Whether an error belongs to a class, of an error that may be a proxy.
function isOf(error, kind) {
  try {
    return error instanceof kind;
  } catch {
    return false;
  }
}

// Whether an error was thrown by what was left behind; the mark that says so is taken away.
function thrownLater(error) {
  try {
    if (error === null || typeof error !== "object" || !error.domainThrown) return false;
    delete error.domainThrown;
    return true;
  } catch {
    return false;
  }
}

// KEY VALUE… of a name.
function about(server, name, require) {
  const found = resolve(server, name, require);
  if (!found.length) return [];
  const [value] = found;
  const info = { name, type: kind(value) };
  if (typeof value === "function") {
    const source = Function.prototype.toString.call(value);
    const native = /\{\s*\[native code\]\s*\}$/.test(source);
    const header =
      /^(?:async\s+)?([\w$]+)\s*=>/.exec(source) ||
      /^(?:async\s+)?(?:function\b\s*)?\*?\s*(?:[\w$#]+\s*)?(\([^]*?\))\s*(?:=>|\{)/.exec(source);
    if (native) info.doc = `Native code; takes ${value.length} argument${value.length === 1 ? "" : "s"}.`;
    else if (header && info.type === "function") info["arglists-str"] = header[1].startsWith("(") ? header[1] : `(${header[1]})`;
    if (info.type === "class") {
      const names = Object.getOwnPropertyNames(value.prototype || {}).filter((each) => each !== "constructor");
      info.doc = names.length ? `Methods: ${names.join(", ")}.` : "";
    }
  } else {
    info.doc = value === null ? "null" : typeof value;
  }
  return Object.entries(info).flat();
}
