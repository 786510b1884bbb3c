--- The user's settings: `g:repl_connect_NAME`, or `b:` for one buffer, with these defaults. How the
--- host is started, `g:repl_connect_cmd`, is in `finding`.
local M = {}

M.defaults = {
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

-- The value as what the setting has to be; nil if it can't be that.
local function converted(value, default)
  if type(default) == 'boolean' and type(value) == 'number' then
    return value ~= 0 -- as Vim script says it
  elseif type(default) == 'number' then
    value = value == false and 0 or tonumber(value)
    return value ~= nil and math.floor(value) or nil
  elseif type(value) == type(default) then
    return value
  end
  return nil
end

--- What a setting is. What can't be meant (a word for a number) counts as not set.
---@param name string one of `defaults`
---@param buffer integer|nil the current one if it is left out; of one that is gone the global counts
---@return any
function M.get(name, buffer)
  local default = M.defaults[name]
  local value = nil
  if buffer == nil or vim.api.nvim_buf_is_valid(buffer) then
    value = converted(vim.b[buffer or 0]['repl_connect_' .. name], default)
  end
  if value == nil then
    value = converted(vim.g['repl_connect_' .. name], default)
  end
  if value == nil then
    return default
  end
  return value
end

return M
