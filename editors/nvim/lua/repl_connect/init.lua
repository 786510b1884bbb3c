--- What configuration and mappings call: `require('repl_connect')`.
local M = {}

--- What a statusline shows of the current buffer's connection; empty without one.
---@return string
function M.statusline()
  if package.loaded['repl_connect.connections'] == nil then
    return ''
  end
  return require('repl_connect.connections').statusline()
end

--- For 'omnifunc': completion from the live program, which opens its menu when it has answered.
---@param findstart integer
---@param base string
---@return any
function M.omnifunc(findstart, base)
  return require('repl_connect.completion').omnifunc(findstart, base)
end

return M
