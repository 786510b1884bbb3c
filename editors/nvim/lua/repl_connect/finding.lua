--- Which `repl-connect` is the host: the one that this plugin came with, wherever it was installed.
---
--- Never one of the project that is edited: that need not have our dependencies, nor be able to run
--- them.
local M = {}

--- What the host must not have of Neovim's environment: a project's modules would go before its own.
M.ENVIRONMENT = { PYTHONPATH = '', PYTHONHOME = '' }

---@class repl_connect.Found
---@field argv string[] the command, without arguments of ours
---@field origin string where it was found, in words

-- Beside these a virtual environment belongs to a project.
local PROJECT = { '.git', '.hg', 'pyproject.toml', 'setup.py', 'requirements.txt' }

local function exists(path)
  return vim.loop.fs_stat(path) ~= nil
end

local function runs(path)
  return vim.fn.executable(path) == 1
end

local function home(path)
  return (path:gsub('^~/', vim.loop.os_homedir() .. '/'))
end

local function parent(path)
  return vim.fn.fnamemodify(path, ':h')
end

--- The absolute path of the plugin's own directory, links followed.
---@return string
function M.plugin()
  local file = debug.getinfo(1, 'S').source:sub(2)
  return vim.fn.fnamemodify(vim.loop.fs_realpath(file) or file, ':p:h:h:h')
end

-- `g:repl_connect_cmd`: a list of words, or a string: a program, or words with blanks between.
local function configured()
  local given = vim.g.repl_connect_cmd
  if given == nil then
    return nil
  end
  local argv = {}
  if type(given) == 'table' then
    argv = vim.deepcopy(given)
  elseif type(given) == 'string' then
    argv = runs(home(given)) and { given } or vim.split(given, '%s+', { trimempty = true })
  end
  if type(argv[1]) == 'string' then
    argv[1] = home(argv[1])
    if runs(argv[1]) then
      return { argv = argv, origin = 'g:repl_connect_cmd' }
    end
  end
  return nil,
    ('g:repl_connect_cmd is %s, which can\'t be run. '):format(vim.inspect(given))
      .. 'Set it to the path of repl-connect, or to a list of a program and its arguments, or remove it.'
end

-- The environment that the plugin was installed in: a virtual one around it, or the Python whose
-- site-packages it is in.
local function around(plugin)
  local directory = plugin
  while directory ~= parent(directory) do
    directory = parent(directory)
    local program = directory .. '/bin/repl-connect'
    local name = vim.fn.fnamemodify(directory, ':t')
    if name == 'site-packages' or name == 'dist-packages' then
      program = parent(parent(parent(directory))) .. '/bin/repl-connect'
    end
    if runs(program) and (exists(directory .. '/pyvenv.cfg') or name:find('-packages$')) then
      return { argv = { program }, origin = 'the environment that the plugin is in' }
    end
  end
  return nil
end

-- The root of the checkout that the plugin is in.
local function checkout(plugin)
  local root = parent(parent(plugin))
  return exists(root .. '/client/repl_connect') and root or nil
end

-- Whether a directory of programs is of the environment of what is being edited.
local function of_project(directory)
  local environment = parent(directory)
  local active = vim.env.VIRTUAL_ENV
  if active and active ~= '' and vim.fn.fnamemodify(active, ':p:s?/$??') == environment then
    return true
  end
  if not exists(environment .. '/pyvenv.cfg') then
    return false
  end
  local project, here = parent(environment), vim.fn.getcwd()
  if project == vim.loop.os_homedir() then
    return false
  end
  if project == here then
    return true
  end
  if not vim.startswith(here, project .. '/') then
    return false
  end
  for _, name in ipairs(PROJECT) do
    if exists(project .. '/' .. name) then
      return true
    end
  end
  return false
end

-- On PATH; with none, the one that was passed over.
local function on_path()
  local passed
  for _, entry in ipairs(vim.split(vim.env.PATH or '', ':', { plain = true })) do
    -- A relative entry would be looked up in whatever directory one is in.
    if vim.startswith(entry, '/') then
      local directory = vim.fn.fnamemodify(entry, ':p:s?/$??')
      local program = directory .. '/repl-connect'
      if runs(program) then
        if not of_project(directory) then
          return { argv = { program }, origin = 'PATH' }
        end
        passed = passed or program
      end
    end
  end
  return nil, passed
end

local function remedy(root, passed)
  if root then
    local quoted = vim.fn.shellescape(root)
    return ('This checkout has no environment of its own. Make it: cd %s && python3 -m venv .venv '):format(
      quoted
    ) .. "&& .venv/bin/pip install -e '.[nvim]'"
  end
  if passed then
    return ('There is only %s, in the environment of the project you edit, which is left alone. '):format(
      passed
    ) .. "Install one for yourself: pipx install 'repl-connect[nvim]'; or set g:repl_connect_cmd."
  end
  return 'There is no repl-connect on this machine that the plugin could run. '
    .. "Install it: pipx install 'repl-connect[nvim]'; or set g:repl_connect_cmd."
end

--- The `repl-connect` to run, and where it was found. With none: a sentence with what to do.
---@return repl_connect.Found|nil
---@return string|nil
function M.found()
  local found, problem = configured()
  if found or problem then
    return found, problem
  end
  local plugin = M.plugin()
  found = around(plugin)
  if found then
    return found
  end
  local root = checkout(plugin)
  if root and runs(root .. '/.venv/bin/repl-connect') then
    return { argv = { root .. '/.venv/bin/repl-connect' }, origin = "the checkout's environment" }
  end
  local passed
  found, passed = on_path()
  if found then
    return found
  end
  return nil, remedy(root, passed)
end

--- The host's command line. With none: a sentence with what to do.
---@return string[]|nil
---@return string|nil
function M.command()
  local found, problem = M.found()
  if not found then
    return nil, problem
  end
  local argv = vim.list_extend({}, found.argv)
  table.insert(argv, 'nvim-host')
  return argv
end

return M
