// Serving a client: requests are read from the REPL's own input, evaluations go to its own `eval`,
// so that what it does with `await`, declarations and `_` stays as it is.

const PAUSE = 20; // milliseconds that output may wait for more
const CHUNK = 32 * 1024; // characters of output in a frame
const MOST_HELD = 64 * 1024 * 1024; // bytes that may wait for the client to read

function serve(server, nonce, require) {
  const { AsyncLocalStorage } = require("async_hooks");
  const util = require("util");
  const repl = require("repl");
  const input = server.input;
  const output = server.output;
  const evaluations = new Map(); // the running ones, by number
  const storage = new AsyncLocalStorage(); // the number of the evaluation that code belongs to
  let current = ""; // the number of the one whose code runs synchronously
  let count = 0;

  // Out.

  let held = []; // [number, stream, text] not sent yet
  let heldSize = 0;
  let sentAt = 0;
  let timer = null;
  let dropped = 0;

  // As it is now: it may be the process's own output, which is looked at below.
  const send = output.write.bind(output);
  const write = (fields) => send(`\x1e${nonce};${bencoded(fields)}`);

  function sendOutput() {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    sentAt = Date.now();
    const waiting = held;
    held = [];
    heldSize = 0;
    for (let start = 0; start < waiting.length; ) {
      const [number, stream] = waiting[start];
      let end = start + 1;
      while (end < waiting.length && waiting[end][0] === number && waiting[end][1] === stream) end++;
      const text = waiting.slice(start, end).map((each) => each[2]).join("");
      write({ id: number, [stream]: text });
      start = end;
    }
  }

  function tell(fields) {
    sendOutput();
    if (dropped && fields.id) {
      write({ id: fields.id, dropped });
      dropped = 0;
    }
    write(fields);
  }

  function put(number, stream, text) {
    if (!text) return;
    if (output.writableLength > MOST_HELD) {
      dropped += Buffer.byteLength(text);
      return;
    }
    held.push([number, stream, text]);
    heldSize += text.length;
    // At once if the last is some time ago: code that never waits lets no timer run.
    if (heldSize > CHUNK || Date.now() - sentAt > PAUSE) sendOutput();
    else if (timer === null) timer = setTimeout(sendOutput, PAUSE);
  }

  // What evaluations print: the REPL's console is ours for the time, and the process's streams
  // are looked at, so that what they print on them comes here and nothing else does.

  const originals = { console: Object.getOwnPropertyDescriptor(server.context, "console") };
  const { Writable } = require("stream");
  const streamTo = (name) =>
    new Writable({
      decodeStrings: false,
      write(text, encoding, done) {
        put(storage.getStore() || current || "0", name, String(text));
        done();
      },
    });
  const { Console } = require("console");
  const patched = [];

  function takeOutput() {
    if (!server.useGlobal && originals.console && originals.console.configurable) {
      const made = new Console({ stdout: streamTo("out"), stderr: streamTo("err") });
      Object.defineProperty(server.context, "console", { ...originals.console, value: made });
    }
    for (const [stream, name] of [[process.stdout, "out"], [process.stderr, "err"]]) {
      const before = stream.write;
      const had = Object.prototype.hasOwnProperty.call(stream, "write");
      const write = function (chunk, encoding, done) {
        const number = storage.getStore();
        if (number === undefined || stopped) return before.apply(this, arguments);
        const callback = typeof encoding === "function" ? encoding : done;
        put(number, name, typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
        if (typeof callback === "function") process.nextTick(callback);
        return true;
      };
      stream.write = write;
      patched.push(() => {
        if (stream.write !== write) return;
        if (had) stream.write = before;
        else delete stream.write;
      });
    }
  }

  // Evaluating.

  function evaluate(op, number, ns, code, file, line, column, quota) {
    if (ns && ns !== NAMESPACE) {
      tell({ kind: "no-namespace", id: number, ns });
      return;
    }
    const evaluation = { quota: quota ? Number(quota) : 0 };
    evaluations.set(number, evaluation);
    if (op === "load-path") {
      try {
        code = require("fs").readFileSync(file, "utf8");
      } catch (error) {
        fail(number, error);
        return;
      }
    }
    const name = file || `REPL${++count}`;
    const text = "\n".repeat(Math.max(0, line - 1)) + " ".repeat(Math.max(0, column - 1)) + code;
    current = number;
    try {
      storage.run(number, () => {
        server.eval(`${text}\n`, server.context, name, (error, value) => {
          if (error) fail(number, error);
          else succeed(number, value);
        });
      });
    } catch (error) {
      fail(number, error);
    } finally {
      current = "";
    }
  }

  function succeed(number, value) {
    const evaluation = evaluations.get(number);
    if (evaluation === undefined) return;
    if (!server.underscoreAssigned) server.last = value;
    const fields = {};
    if (value !== undefined || !server.ignoreUndefined) {
      let text;
      try {
        text = String(storage.run(number, () => server.writer(value)));
      } catch (error) {
        fail(number, error);
        return;
      }
      if (evaluation.quota && text.length > evaluation.quota) {
        text = text.slice(0, evaluation.quota);
        fields.cut = "1";
      }
      fields.value = text;
    }
    end(number, fields);
  }

  function fail(number, error) {
    if (!evaluations.has(number)) {
      // Of what an evaluation has left behind: a timer, a promise.
      put(number, "err", describe(error, util).text);
      return;
    }
    if (isOf(error, repl.Recoverable)) error = error.err;
    if (!server.underscoreErrAssigned) server.lastError = error;
    tell({ kind: "error", id: number, ...describe(error, util) });
    end(number, {});
  }

  function end(number, fields, status = []) {
    evaluations.delete(number);
    tell({ kind: "done", id: number, ns: NAMESPACE, status, ...fields });
  }

  // Errors that the REPL's domain catches: of promises, of timers, thrown by evaluated code.

  const domain = server._domain;
  const caught = (error) => {
    const number = current || storage.getStore();
    if (number && (current || !thrownLater(error))) fail(number, error);
    else put(number || "0", "err", describe(error, util).text);
  };

  // In.

  function take(fields) {
    const [op, number] = fields;
    if (op === "eval" || op.startsWith("load-")) {
      const [ns = "", code = "", file = "", line, column, quota] = fields.slice(3);
      evaluate(op, number, ns, code, file, Number(line) || 1, Number(column) || 1, quota);
    } else if (op === "interrupt") {
      if (evaluations.has(number)) end(number, {}, ["interrupted"]);
    } else if (op === "complete") {
      const answered = (error, found) =>
        tell({ kind: "answer", id: number, items: error ? [] : candidates(server, found, fields[4]) });
      try {
        server.complete(fields[4], answered);
      } catch (error) {
        answered(error);
      }
    } else if (op === "lookup") {
      let items = [];
      try {
        items = about(server, fields[4], require);
      } catch {
        // a getter or a proxy of the program's own has failed
      }
      tell({ kind: "answer", id: number, items });
    } else if (op === "quit") {
      stop();
    }
  }

  const reader = requestReader(take);
  const listeners = input.listeners("data");
  const domainListeners = domain ? domain.listeners("error") : [];
  let stopped = false;

  function stop() {
    if (stopped) return;
    sendOutput();
    stopped = true;
    evaluations.clear();
    for (const restore of patched) restore();
    if (originals.console && !server.useGlobal) {
      Object.defineProperty(server.context, "console", originals.console);
    }
    input.removeListener("data", reader);
    input.removeListener("close", stop);
    for (const listener of listeners) input.on("data", listener);
    if (domain) {
      domain.removeListener("error", caught);
      for (const listener of domainListeners) domain.on("error", listener);
    }
    storage.disable();
    if (!input.destroyed && !input.readableEnded) server.displayPrompt();
  }

  // A client that is reset is no reason for the program to end; these stay for what comes late.
  for (const emitter of new Set([server, input, output])) emitter.on("error", () => {});
  for (const listener of listeners) input.removeListener("data", listener);
  input.on("data", reader);
  input.on("close", stop);
  if (domain) {
    domain.removeAllListeners("error");
    domain.on("error", caught);
  }
  takeOutput();
  tell({ kind: "ready", version: process.versions.node, ns: NAMESPACE });
}
