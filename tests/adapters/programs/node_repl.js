// A program with a Node REPL for each connection: node node_repl.js PATH [global | terminal]
const net = require("net");
const repl = require("repl");

const [path, kind] = process.argv.slice(2);
const shared = {};
net
  .createServer((socket) => {
    const server = repl.start({
      prompt: "> ",
      input: socket,
      output: socket,
      terminal: kind === "terminal",
      useGlobal: kind === "global",
    });
    server.context.shared = shared;
    server.on("exit", () => socket.end());
    socket.on("error", () => {});
  })
  .listen(path);
