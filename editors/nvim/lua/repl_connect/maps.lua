--- What the <Plug> maps do, and the keys that they have by default.
local M = {}

-- Name, keys below <LocalLeader>, modes.
local DEFAULTS = {
  { 'operator', 'E' },
  { 'visual', 'E', 'x' },
  { 'line', 'el' },
  { 'form', 'ee' },
  { 'root', 'er' },
  { 'cell', 'e%' },
  { 'word', 'ew' },
  { 'paragraph', 'ep' },
  { 'buffer', 'eb' },
  { 'file', 'ef' },
  { 'repeat', 'e.' },
  { 'interrupt', 'ei' },
  { 'value', 'ev' },
  { 'clear', 'ex' },
  { 'yank', 'ey' },
  { 'comment', 'e;' },
  { 'replace', 'e!' },
  { 'log', 'eo' },
  { 'history', 'eh' },
  { 'input', 'en' },
  { 'restarts', 'et' },
  { 'doc', 'ed' },
  { 'source', 'es' },
  { 'connect', 'ec' },
  { 'targets', 'eg' },
}

-- The command that a map without code of its own runs.
local COMMANDS = {
  interrupt = 'ReplInterrupt',
  value = 'ReplValue',
  clear = 'ReplClear',
  log = 'ReplLog',
  history = 'ReplHistory',
  input = 'ReplInput',
  restarts = 'ReplRestarts',
  doc = 'ReplDoc',
  source = 'ReplSource',
  connect = 'ReplConnect',
  targets = 'ReplTargets',
}

local ACTIONS = {
  visual = function()
    return require('repl_connect.operators').keys('operator')
  end,
  ['repeat'] = function()
    return require('repl_connect.operators').keys('again')
  end,
  yank = function()
    require('repl_connect.values').yank(vim.v.register)
  end,
  comment = function()
    require('repl_connect.insertion').comment('form')
  end,
  replace = function()
    require('repl_connect.insertion').replace('form')
  end,
}

--- Do what `<Plug>(repl-connect-NAME)` stands for.
---@param name string
---@return string|nil the keys to go on with, if it is a map of an expression
function M.run(name)
  if ACTIONS[name] ~= nil then
    return ACTIONS[name]()
  elseif COMMANDS[name] ~= nil then
    return require('repl_connect.commands').run(COMMANDS[name], { args = '' })
  end
  return require('repl_connect.operators').keys(name)
end

-- `K` is for a language server if one tells of names, and else for us if there is a connection.
local function look()
  local clients = (vim.lsp.get_clients or vim.lsp.buf_get_clients)(vim.lsp.get_clients and { bufnr = 0 } or 0)
  for _, client in pairs(clients) do
    if (client.server_capabilities or client.resolved_capabilities or {}).hoverProvider then
      return vim.lsp.buf.hover()
    end
  end
  if require('repl_connect.connections').of() ~= nil then
    return M.run('doc')
  end
  vim.api.nvim_feedkeys((vim.v.count > 0 and vim.v.count or '') .. 'K', 'n', false)
end

local function set(buffer, mode, keys, action)
  if vim.fn.maparg(keys, mode) == '' then
    vim.keymap.set(mode, keys, action, { buffer = buffer, remap = true })
  end
end

--- Give a buffer the default maps, but for those that the user has under other keys, and for keys
--- that have a meaning already.
---@param buffer integer
function M.attach(buffer)
  if require('repl_connect.settings').get('no_mappings', buffer) then
    return
  end
  vim.api.nvim_buf_call(buffer, function()
    for _, default in ipairs(DEFAULTS) do
      local name, keys, mode = default[1], default[2], default[3] or 'n'
      local plug = ('<Plug>(repl-connect-%s)'):format(name)
      if vim.fn.hasmapto(plug, mode) == 0 then
        set(buffer, mode, '<LocalLeader>' .. keys, plug)
      end
    end
    set(buffer, 'n', 'K', look)
  end)
end

return M
