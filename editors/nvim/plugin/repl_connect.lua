--- Commands, <Plug> maps and default maps. Nothing is loaded before one of them is used: all that is
--- here costs time at every start.
if vim.g.loaded_repl_connect ~= nil then
  return
end
vim.g.loaded_repl_connect = 1

local function addresses(lead, line)
  return require('repl_connect.servers').complete(lead, line)
end

local function scopes(lead)
  return vim.tbl_filter(function(scope)
    return vim.startswith(scope, lead)
  end, { 'buffer', 'project', 'default' })
end

local function known_names(lead)
  return require('repl_connect.completion').names(lead)
end

for name, options in pairs({
  ReplConnect = { nargs = '?', complete = addresses },
  ReplDisconnect = {},
  ReplReconnect = {},
  ReplUse = { nargs = '?', complete = scopes },
  ReplTargets = {},
  ReplEval = { nargs = '*', range = true },
  ReplEvalForm = {},
  ReplEvalRoot = {},
  ReplEvalCell = {},
  ReplEvalBuffer = {},
  ReplLoadFile = {},
  ReplRepeat = {},
  ReplInterrupt = {},
  ReplLog = {},
  ReplInput = { nargs = '*', bang = true },
  ReplDoc = { nargs = '?', complete = known_names },
  ReplSource = { nargs = '?', complete = known_names },
  ReplHistory = {},
  ReplValue = {},
  ReplClear = {},
  ReplYank = { nargs = '?' },
  ReplRestarts = {},
}) do
  vim.api.nvim_create_user_command(name, function(arguments)
    require('repl_connect.commands').run(name, arguments)
  end, options)
end

local function map(mode, expression, names)
  for _, name in ipairs(names) do
    vim.api.nvim_set_keymap(mode, '<Plug>(repl-connect-' .. name .. ')', '', {
      noremap = true,
      expr = expression,
      callback = function()
        return require('repl_connect.maps').run(name)
      end,
    })
  end
end

map('n', true, { 'operator', 'line', 'form', 'root', 'cell', 'word', 'paragraph', 'buffer', 'file', 'repeat' })
map('x', true, { 'operator', 'visual' })
map('n', false, { 'interrupt', 'value', 'clear', 'yank', 'comment', 'replace', 'log', 'history', 'input' })
map('n', false, { 'restarts', 'doc', 'source', 'connect', 'targets' })

-- As in `languages.lua`, which is not loaded here.
local FILETYPES = { clojure = 1, guile = 1, javascript = 1, lisp = 1, python = 1, racket = 1, scheme = 1 }

local OMNIFUNC = "v:lua.require'repl_connect'.omnifunc"

local function set_omnifunc(buffer)
  local before = vim.bo[buffer].omnifunc
  if before == '' or before:find('complete#Complete', 1, true) then -- what Neovim itself has set
    vim.b[buffer].repl_connect_omnifunc = before
    vim.bo[buffer].omnifunc = OMNIFUNC
  end
end

local function attach(buffer, filetype)
  local off = vim.g.repl_connect_no_mappings
  for part in filetype:gmatch('[^.]+') do
    if FILETYPES[part] ~= nil then
      set_omnifunc(buffer)
      if off == nil or off == false or off == 0 then
        require('repl_connect.maps').attach(buffer)
      end
      return
    end
  end
end

vim.api.nvim_create_autocmd('FileType', {
  group = vim.api.nvim_create_augroup('repl_connect', {}),
  callback = function(event)
    attach(event.buf, event.match)
  end,
})

for _, buffer in ipairs(vim.api.nvim_list_bufs()) do -- those that were there before the plugin
  if vim.api.nvim_buf_is_loaded(buffer) then
    attach(buffer, vim.bo[buffer].filetype)
  end
end
