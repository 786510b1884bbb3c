--- A source for nvim-cmp: `require('cmp').register_source('repl_connect',
--- require('repl_connect.cmp').new())`, and `{ name = 'repl_connect' }` in its `sources`.
local M = {}
M.__index = M

--- Make one.
function M.new()
  return setmetatable({}, M)
end

--- Whether there is a connection to ask.
---@return boolean
function M:is_available()
  return package.loaded['repl_connect.connections'] ~= nil
    and require('repl_connect.completion').available()
end

--- What it is called where menus say it.
---@return string
function M:get_debug_name()
  return 'repl_connect'
end

--- How positions count: bytes.
---@return string
function M:get_position_encoding_kind()
  return 'utf-8'
end

--- Names of Lisps have more in them than letters.
---@return string
function M:get_keyword_pattern()
  return [[\k\+]]
end

--- What asks anew, beside letters.
---@return string[]
function M:get_trigger_characters()
  return { '.', '/', ':', '-' }
end

--- Ask; `callback` gets the candidates, at once empty if nobody is connected.
---@param params table nvim-cmp's
---@param callback fun(response: table)
function M:complete(params, callback)
  local completion = require('repl_connect.completion')
  local row, column = params.context.cursor.row - 1, params.context.cursor.col - 1
  local asked = completion.ask(params.context.bufnr, row, column, function(result)
    callback({ items = completion.as_lsp(result, row, column), isIncomplete = result.cut })
  end)
  if not asked then
    callback({ items = {}, isIncomplete = false })
  end
end

return M
