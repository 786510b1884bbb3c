--- A source for blink.cmp: `sources.providers.repl_connect = { name = 'REPL', module =
--- 'repl_connect.blink' }`, and 'repl_connect' in `sources.default`.
local M = {}
M.__index = M

--- Make one.
function M.new()
  return setmetatable({}, M)
end

--- Whether there is a connection to ask.
---@return boolean
function M:enabled()
  return package.loaded['repl_connect.connections'] ~= nil
    and require('repl_connect.completion').available()
end

--- What asks anew, beside letters.
---@return string[]
function M:get_trigger_characters()
  return { '.', '/', ':', '-' }
end

--- Ask; `callback` gets the candidates, unless what this returns was called before.
---@param context table blink.cmp's
---@param callback fun(response: table)
---@return fun()
function M:get_completions(context, callback)
  local completion = require('repl_connect.completion')
  local row, column = context.cursor[1] - 1, context.cursor[2]
  local wanted = true
  local function respond(items, is_cut)
    if wanted then
      callback({
        items = items,
        is_incomplete_forward = is_cut,
        is_incomplete_backward = true,
      })
    end
  end
  local asked = completion.ask(context.bufnr, row, column, function(result)
    respond(completion.as_lsp(result, row, column), result.cut)
  end)
  if not asked then
    respond({}, false)
  end
  return function()
    wanted = false
  end
end

return M
