--- `User` events that other configuration can react to: `:autocmd User ReplConnected`.
local M = {}

--- What the last event was about: autocommands read it here on a Neovim that passes no data.
M.data = {}

--- Fire one. `data` is in the callback's argument (Neovim 0.8 or newer) and in `data` here.
---@param name string
---@param data table
function M.fire(name, data)
  M.data = data
  local options = { pattern = name, modeline = false }
  if vim.fn.has('nvim-0.8') == 1 then
    options.data = data
  end
  vim.api.nvim_exec_autocmds('User', options)
end

return M
