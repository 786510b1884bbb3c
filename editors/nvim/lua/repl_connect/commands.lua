--- What the commands do.
local M = {}

local connections = require('repl_connect.connections')
local host = require('repl_connect.host')
local sending = require('repl_connect.sending')

M.ReplConnect = function(arguments)
  if arguments.args ~= '' then
    local address, dialect = arguments.args:match('^(.-)%s+%+%+dialect=(%S+)%s*$')
    connections.connect(address or arguments.args, { dialect = dialect })
    return
  end
  local found = connections.of()
  if found ~= nil and (found.state == 'lost' or found.state == 'failed') then
    connections.reconnect(found.number)
  else
    require('repl_connect.servers').choose(vim.api.nvim_get_current_buf())
  end
end

M.ReplDisconnect = function()
  local found = connections.demand()
  if found ~= nil then
    connections.disconnect(found.number)
  end
end

M.ReplReconnect = function()
  local found = connections.demand()
  if found ~= nil then
    connections.reconnect(found.number)
  end
end

M.ReplUse = function(arguments)
  require('repl_connect.choosing').choose(arguments.args)
end

M.ReplTargets = function()
  require('repl_connect.choosing').targets()
end

-- What came of code that stands nowhere has no place to be shown at but the last line.
local function say_value(evaluation)
  local value = evaluation.values[#evaluation.values]
  if evaluation.status == 'ok' and type(value) == 'string' then
    local line = vim.trim(value):match('^[^\n]*')
    local width = math.max(20, vim.o.columns - 35) -- a longer message has to be confirmed
    local cut = vim.fn.strcharpart(line, 0, width)
    require('repl_connect.notices').say('=> ' .. cut .. (cut ~= vim.trim(value) and ' …' or ''))
  end
end

M.ReplEval = function(arguments)
  if arguments.args ~= '' then
    sending.code(arguments.args, { after = say_value })
  else
    sending.lines(arguments.line1, arguments.line2)
  end
end

M.ReplEvalForm = function()
  sending.unit('form')
end

M.ReplEvalRoot = function()
  sending.unit('root')
end

M.ReplEvalCell = function()
  sending.unit('cell')
end

M.ReplEvalBuffer = function()
  sending.unit('buffer')
end

M.ReplLoadFile = function()
  sending.file()
end

M.ReplRepeat = function()
  sending.again()
end

M.ReplInterrupt = function()
  local found = connections.demand()
  if found ~= nil then
    host.notify('interrupt', { connection = found.number })
  end
end

M.ReplLog = function()
  local found = connections.demand()
  if found ~= nil then
    require('repl_connect.log').open(found)
  end
end

M.ReplInput = function(arguments)
  if arguments.bang then
    require('repl_connect.input').finish()
  elseif arguments.args ~= '' then
    require('repl_connect.input').give(arguments.args)
  else
    require('repl_connect.input').ask()
  end
end

M.ReplDoc = function(arguments)
  require('repl_connect.lookup').doc(arguments.args)
end

M.ReplSource = function(arguments)
  require('repl_connect.lookup').source(arguments.args)
end

M.ReplHistory = function()
  require('repl_connect.values').history()
end

M.ReplValue = function()
  require('repl_connect.values').show()
end

M.ReplClear = function()
  local buffer = vim.api.nvim_get_current_buf()
  require('repl_connect.marks').clear(buffer)
  require('repl_connect.problems').clear(buffer)
end

M.ReplYank = function(arguments)
  require('repl_connect.values').yank(arguments.args ~= '' and arguments.args or '"')
end

M.ReplRestarts = function()
  require('repl_connect.restarts').choose()
end

--- Run a command, by its name.
---@param name string
---@param arguments table what nvim_create_user_command gives
function M.run(name, arguments)
  M[name](arguments)
end

return M
