// The first form's function: finds the REPL that evaluates it, and serves its client.
function launch(require, context, nonce) {
  const repl = require("repl");
  const prototype = repl.REPLServer.prototype;
  const own = Object.getOwnPropertyDescriptor(prototype, "displayPrompt");
  const mark = `repl-connect ${nonce}`;
  context[mark] = true;
  // The REPL that shows its prompt next, and has this context, is the one.
  prototype.displayPrompt = function (...rest) {
    if (!(this.useGlobal ? globalThis === context : this.context[mark])) {
      return own.value.apply(this, rest);
    }
    Object.defineProperty(prototype, "displayPrompt", own);
    delete context[mark];
    serve(this, nonce, require);
  };
}
