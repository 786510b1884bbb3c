--- The highlight groups, which stay what the user has made of them, and are there in every colour
--- scheme: `:colorscheme` clears them.
local M = {}

local GROUPS = {
  ReplConnectValue = { link = 'String' },
  ReplConnectError = { link = 'DiagnosticError' },
  ReplConnectPending = { link = 'Comment' },
  ReplConnectOutput = { link = 'Comment' },
  ReplConnectFlash = { link = 'IncSearch' },
  ReplConnectParameter = { bold = true, underline = true },
}

local function define()
  for name, attributes in pairs(GROUPS) do
    vim.api.nvim_set_hl(0, name, vim.tbl_extend('error', { default = true }, attributes))
  end
end

--- Define them now, and again with each colour scheme.
function M.define()
  define()
  vim.api.nvim_create_autocmd('ColorScheme', {
    group = vim.api.nvim_create_augroup('repl_connect_highlights', {}),
    callback = define,
  })
end

return M
