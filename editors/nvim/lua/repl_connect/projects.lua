--- Projects: which directory's a buffer is of.
local M = {}

local MARKS = {
  '.git',
  '.hg',
  '.nrepl-port',
  'pyproject.toml',
  'setup.py',
  'deps.edn',
  'project.clj',
  'package.json',
}

local roots = {} -- by directory, for the statusline asks often

local function root_above(directory)
  local home = vim.loop.os_homedir()
  local here = directory
  while here ~= home do
    for _, mark in ipairs(MARKS) do
      if vim.loop.fs_stat(here .. '/' .. mark) ~= nil then
        return here
      end
    end
    local parent = vim.fn.fnamemodify(here, ':h')
    if parent == here then
      break
    end
    here = parent
  end
  return directory
end

--- Look at the disk again when next asked.
function M.forget()
  roots = {}
end

--- The directory of a buffer's project: the nearest one with a mark of a project's root; its own
--- directory if there is none below the home directory. What is no file is where Neovim is.
---@param buffer integer
---@return string
function M.of(buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  local directory
  if name == '' or name:find('^%a[%w+.-]*://') or vim.bo[buffer].buftype ~= '' then
    directory = vim.fn.getcwd()
  else
    directory = vim.fn.fnamemodify(name, ':p:h')
  end
  if roots[directory] == nil then
    roots[directory] = root_above(directory)
  end
  return roots[directory]
end

return M
