--- The user's settings: `g:repl_connect_NAME`, or `b:` for one buffer, with these defaults.
local M = {}

M.defaults = {
  cmd = nil, -- how the host is started; found by itself
  no_mappings = false, -- leave out the local-leader maps
  treesitter = true, -- find the form at the cursor by its syntax tree, where there is a parser
  print_quota = 1000000, -- characters of one value, beyond which it is cut
  log_lines = 10000, -- lines that the log keeps
  value_width = 80, -- columns of a value beside the code
  flash = 200, -- milliseconds that what was sent is lit up; 0: not at all
  signature = true, -- show the signature of the call that is being typed
  quickfix = true, -- put an error's frames into the quickfix list
  restarts = true, -- offer how a held error can go on as soon as there is one
}

--- What a setting is.
---@param name string
---@return any
function M.get(name)
  local value = vim.b['repl_connect_' .. name]
  if value == nil then
    value = vim.g['repl_connect_' .. name]
  end
  if value == nil then
    value = M.defaults[name]
  end
  if type(M.defaults[name]) == 'boolean' and type(value) == 'number' then
    value = value ~= 0 -- as Vim script says it
  end
  return value
end

return M
