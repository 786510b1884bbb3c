--- `:checkhealth repl_connect`: what the plugin needs, and what to do about what is missing.
---
--- The one place that waits for a process: whoever asks wants the answer, and 10 s are the most.
local M = {}

local PATIENCE = 10000 -- milliseconds

-- Neovim 0.7 to 0.9 have the same functions under other names.
local health = vim.health or require('health')
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local info = health.info or health.report_info
local warn = health.warn or health.report_warn
local error = health.error or health.report_error

-- Run a command: its exit status, and what it printed. A negative status: it did not end in time.
local function run(argv)
  local output = {}
  local function collect(_, data)
    vim.list_extend(output, data)
  end
  local started, job = pcall(vim.fn.jobstart, argv, {
    stdin = 'null',
    env = require('repl_connect.finding').ENVIRONMENT,
    stdout_buffered = true,
    stderr_buffered = true,
    on_stdout = collect,
    on_stderr = collect,
  })
  if not started or job <= 0 then
    return 127, 'it could not be started'
  end
  local status = vim.fn.jobwait({ job }, PATIENCE)[1]
  if status < 0 then
    vim.fn.jobstop(job)
    return status, ('no answer after %d s'):format(PATIENCE / 1000)
  end
  return status, vim.trim(table.concat(output, '\n'):gsub('^repl%-connect: ', ''))
end

local function with(found, ...)
  return vim.list_extend(vim.list_extend({}, found.argv), { ... })
end

local function check_neovim()
  if vim.fn.has('nvim-0.7') == 1 then
    local version = vim.version()
    ok(('Neovim %d.%d.%d'):format(version.major, version.minor, version.patch))
  else
    error('This Neovim is too old.', { 'Install Neovim 0.7 or newer.' })
  end
end

local function check_plugin(plugin)
  if vim.fn.exists(':ReplConnect') == 2 then
    ok('The plugin is loaded: ' .. plugin)
  else
    warn('Its commands are missing: plugin/repl_connect.lua was not run.', {
      'Load it as `repl-connect editor nvim --snippet NAME` says for your package manager.',
      'With `nvim --noplugin`, or where \'loadplugins\' is off: :runtime plugin/repl_connect.lua',
    })
  end
  local others = {}
  for _, path in ipairs(vim.api.nvim_get_runtime_file('lua/repl_connect/finding.lua', true)) do
    local real = vim.fn.fnamemodify(vim.loop.fs_realpath(path) or path, ':h:h:h')
    if real ~= plugin then
      table.insert(others, real)
    end
  end
  if #others > 0 then
    warn('There is more than one of it on \'runtimepath\': ' .. table.concat(others, ', '), {
      'Remove all but one. A link made by --install is removed by: repl-connect editor nvim --uninstall',
    })
  end
  if #vim.fn.getcompletion('repl-connect-health', 'help') > 0 then
    ok('The help is there: :help repl-connect')
  else
    warn('Its help pages are not indexed.', { ':helptags ' .. vim.fn.fnameescape(plugin .. '/doc') })
  end
end

-- The command that is the host, by the plugin's own rules; nil if none works.
local function check_command()
  local finding = require('repl_connect.finding')
  local found, problem = finding.found()
  if not found then
    error(problem)
    return nil
  end
  local words = table.concat(found.argv, ' ')
  local status, said = run(with(found, '--version'))
  local version = said:match('^repl%-connect (%S+)$')
  if status ~= 0 or not version then
    error(('%s --version (from %s) fails: %s'):format(words, found.origin, said), {
      found.origin == 'g:repl_connect_cmd' and 'Set g:repl_connect_cmd to another, or remove it.'
        or 'Install repl-connect there anew.',
    })
    return nil
  end
  local ours = require('repl_connect.version')
  if version == ours then
    ok(('repl-connect %s: %s (from %s)'):format(version, words, found.origin))
  else
    warn(('The plugin is of version %s, %s (from %s) of %s.'):format(ours, words, found.origin, version), {
      'Use the plugin that belongs to it: ' .. words .. ' editor nvim',
    })
  end
  return found
end

local function check_pynvim(found)
  local status, said = run(with(found, 'nvim-host', '--check'))
  if status == 0 then
    ok('pynvim is there')
    return
  end
  local sentence, remedy = said:match('^(.*)%. Install it there: ([^\n]+)$')
  error(sentence or said, { remedy or 'Install repl-connect there anew, with its extra nvim.' })
end

local function check_maps()
  if require('repl_connect.settings').get('no_mappings') then
    info('The default maps are off (repl_connect_no_mappings): map keys to <Plug>(repl-connect-…).')
    return
  end
  local leader = vim.g.maplocalleader
  if leader == nil or leader == '' then
    info('The default maps begin with \\, as g:maplocalleader is not set.')
  else
    ok(('The default maps begin with your <LocalLeader>, %s.'):format(vim.inspect(leader)))
  end
end

-- Where there is no parser, the language's own rules find the form at the cursor.
local function check_parsers()
  local there, missing = {}, {}
  local filetypes = vim.tbl_keys(require('repl_connect.languages').filetypes)
  table.sort(filetypes)
  for _, filetype in ipairs(filetypes) do
    local name = filetype
    if vim.treesitter.language and vim.treesitter.language.get_lang then -- Neovim 0.9
      name = vim.treesitter.language.get_lang(filetype) or filetype
    end
    local found = #vim.api.nvim_get_runtime_file('parser/' .. name .. '.so', false) > 0
    table.insert(found and there or missing, filetype)
  end
  if #there > 0 then
    info('Tree-sitter finds the form at the cursor in: ' .. table.concat(there, ', '))
  end
  if #missing > 0 then
    info('No parser is needed, and none is installed, for: ' .. table.concat(missing, ', '))
  end
end

-- What the host that runs, or ran last, has left on its standard error.
local function check_errors()
  local lines = require('repl_connect.host').stderr()
  if #lines > 0 then
    warn('The host has written on its standard error:\n' .. table.concat(lines, '\n'), {
      'Tell of it where repl-connect is developed, with these lines.',
    })
  end
end

local function check_connections()
  local all = require('repl_connect.connections').all()
  for _, connection in ipairs(all) do
    local words = ('%s: %s'):format(connection.name, connection.state)
    if connection.state == 'connected' or connection.state == 'connecting' then
      ok(words)
    else
      warn(words, { ':ReplConnect ' .. connection.address .. ' connects again' })
    end
  end
  if #all == 0 then
    info('There are no connections: :ReplConnect makes one.')
  end
end

--- Write the report. Neovim calls it for `:checkhealth repl_connect`.
function M.check()
  start('Neovim and the plugin')
  check_neovim()
  check_plugin(require('repl_connect.finding').plugin())
  check_maps()
  check_parsers()
  start('The host')
  local found = check_command()
  if found then
    check_pynvim(found)
  end
  check_errors()
  start('Connections')
  check_connections()
end

return M
