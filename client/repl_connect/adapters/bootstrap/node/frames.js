// Frames out, requests in.

// As they are now: what is evaluated later may give these names another meaning.
const { Array, Buffer, Date, Error, Function, Map, Math, Number, Object, Set, String } = globalThis;
const { clearTimeout, process, setTimeout } = globalThis;

const NAMESPACE = "repl";

function bencoded(value) {
  if (Array.isArray(value)) return `l${value.map(bencoded).join("")}e`;
  if (value !== null && typeof value === "object") {
    const keys = Object.keys(value).sort();
    return `d${keys.map((key) => bencoded(key) + bencoded(value[key])).join("")}e`;
  }
  const text = String(value);
  return `${Buffer.byteLength(text)}:${text}`;
}

// A listener for chunks of a stream that gives each whole request, a list of texts, to `take`.
function requestReader(take) {
  let rest = Buffer.alloc(0);

  // A number and where it ends, or null if more has to come.
  function numberAt(start) {
    const colon = rest.indexOf(58, start);
    return colon < 0 ? null : [Number(rest.toString("latin1", start, colon)), colon + 1];
  }

  function next() {
    const fields = [];
    let at = numberAt(0);
    if (at === null) return null;
    let [count, position] = at;
    for (; count > 0; count--) {
      at = numberAt(position);
      if (at === null || at[1] + at[0] > rest.length) return null;
      fields.push(rest.toString("utf8", at[1], at[1] + at[0]));
      position = at[1] + at[0];
    }
    rest = rest.subarray(position);
    return fields;
  }

  return (chunk) => {
    const data = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    rest = rest.length ? Buffer.concat([rest, data]) : data;
    for (let fields = next(); fields !== null; fields = next()) take(fields);
  };
}
