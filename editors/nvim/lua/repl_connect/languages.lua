--- Which filetypes have code to send: the one table of them here. The host has the same, and knows
--- all else of a language.
local M = {}

--- The language of each, as the host calls it.
M.filetypes = {
  clojure = 'clojure',
  guile = 'guile',
  javascript = 'javascript',
  lisp = 'common-lisp',
  python = 'python',
  racket = 'racket',
  scheme = 'guile',
}

--- The part of a filetype (`scheme.guile`) that counts: the last that is known; nil if none is.
---@param filetype string
---@return string|nil
function M.known(filetype)
  local found = nil
  for _, part in ipairs(vim.split(filetype, '.', { plain = true })) do
    found = M.filetypes[part] ~= nil and part or found
  end
  return found
end

return M
