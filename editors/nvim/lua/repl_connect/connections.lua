--- Connections: which there are, and which one a buffer uses: its own, its project's, the default.
---
--- A project may have several, and so have those that are used where there is no other: of these the
--- one that was chosen last counts whose language is the buffer's. Code goes nowhere where another
--- language is spoken, but for a buffer that was given that connection itself.
local M = {}

local host = require('repl_connect.host')
local languages = require('repl_connect.languages')
local notices = require('repl_connect.notices')
local projects = require('repl_connect.projects')

---@class repl_connect.Connection
---@field number integer
---@field address string as the user typed it
---@field directory string where that was
---@field name string as it is shown
---@field state string `connecting`, `connected`, `lost`, `failed`
---@field detail string what `lost` is about to become: "connecting again in 3 s"
---@field greeting string
---@field language string
---@field own table<string, boolean> the filetypes of its language
---@field filetypes table<string, boolean> those, and the ones of its kin
---@field comment_prefix string|nil what a comment starts with there
---@field dialect string what is spoken there
---@field asked_dialect string what was asked for, or empty
---@field namespace string|nil
---@field session string|nil the session to take up again

---@type table<integer, repl_connect.Connection>
local connections = {}
local last_number = 0
local chosen = {} -- numbers by project, and under `default`; the last is the one chosen last

--- All connections, in the order in which they were made.
---@return repl_connect.Connection[]
function M.all()
  local found = vim.tbl_values(connections)
  table.sort(found, function(one, other)
    return one.number < other.number
  end)
  return found
end

--- The connection of a number.
---@param number integer
---@return repl_connect.Connection|nil
function M.get(number)
  return connections[number]
end

--- How well a connection suits a filetype: 2: its very language, 1: akin to it, or not known what
--- is spoken or written; 0: not at all.
local function fit(connection, filetype)
  local known = languages.known(filetype)
  if known == nil or connection.own == nil or (next(connection.filetypes) == nil) then
    return 1
  end
  return connection.own[known] and 2 or connection.filetypes[known] and 1 or 0
end

local function best(key, filetype)
  local found, found_fit = nil, 0
  for _, number in ipairs(chosen[key] or {}) do
    local connection = connections[number]
    if connection ~= nil and fit(connection, filetype) >= math.max(found_fit, 1) then
      found, found_fit = connection, fit(connection, filetype)
    end
  end
  return found
end

-- The buffer that is meant; it may be gone by the time the user has chosen something for it.
local function number_of(buffer)
  local is_there = buffer ~= nil and buffer ~= 0 and vim.api.nvim_buf_is_valid(buffer)
  return is_there and buffer or vim.api.nvim_get_current_buf()
end

--- The connection that a buffer uses, and why: `buffer`, `project` or `default`.
---@param buffer integer|nil the current one if it is left out
---@return repl_connect.Connection|nil, string|nil
function M.of(buffer)
  if next(connections) == nil then
    return nil, nil
  end
  buffer = number_of(buffer)
  local own = connections[vim.b[buffer].repl_connect_connection]
  if own ~= nil then
    return own, 'buffer'
  end
  local filetype = vim.bo[buffer].filetype
  local project = best(projects.of(buffer), filetype)
  if project ~= nil then
    return project, 'project'
  end
  local default = best('default', filetype)
  return default, default and 'default'
end

--- The connection that a buffer uses; if there is none, the user is told why.
---@param buffer integer|nil
---@return repl_connect.Connection|nil
function M.demand(buffer)
  local found = M.of(buffer)
  if found ~= nil then
    return found
  end
  local words = 'there is no connection. :ReplConnect ADDRESS makes one.'
  for _, connection in ipairs(M.all()) do
    if connection.state ~= 'failed' then
      words = ('no connection is for %s (%s speaks %s). :ReplConnect ADDRESS makes one, '):format(
        languages.known(vim.bo[number_of(buffer)].filetype) or 'this',
        connection.name,
        connection.language
      ) .. ':ReplUse buffer takes one of another language.'
    end
  end
  notices.say(words, vim.log.levels.WARN)
  return nil
end

local function redraw()
  vim.cmd('redrawstatus!')
end

local function event(name, connection, data)
  data = vim.tbl_extend('force', { connection = connection.number, name = connection.name }, data or {})
  require('repl_connect.autocommands').fire(name, data)
end

local function without(numbers, number)
  return vim.tbl_filter(function(each)
    return each ~= number and connections[each] ~= nil
  end, numbers or {})
end

-- Choose it nowhere any more.
local function let_go(number)
  for key, numbers in pairs(chosen) do
    chosen[key] = without(numbers, number)
  end
end

--- Use a connection in a buffer, in its project, or wherever there is no other.
---@param number integer
---@param scope string `buffer`, `project` or `default`
---@param buffer integer|nil
function M.use(number, scope, buffer)
  buffer = number_of(buffer)
  projects.forget()
  if scope == 'buffer' then
    vim.b[buffer].repl_connect_connection = number
  else
    local key = scope == 'project' and projects.of(buffer) or 'default'
    chosen[key] = without(chosen[key], number)
    table.insert(chosen[key], number)
  end
  redraw()
end

--- Where a connection is chosen: `default`, the projects' directories, and `buffer` with how many.
---@param number integer
---@return string[]
function M.uses(number)
  local found = {}
  for key, numbers in pairs(chosen) do
    if vim.tbl_contains(numbers, number) then
      table.insert(found, key)
    end
  end
  table.sort(found)
  local buffers = 0
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.b[buffer].repl_connect_connection == number and vim.bo[buffer].buftype == '' then
      buffers = buffers + 1
    end
  end
  if buffers > 0 then
    table.insert(found, buffers == 1 and '1 buffer' or buffers .. ' buffers')
  end
  return found
end

local function open(connection)
  return host.notify('connect', {
    connection = connection.number,
    address = connection.address,
    directory = connection.directory,
    dialect = connection.asked_dialect,
    session = connection.session,
  })
end

--- Connect again now. The host says what comes of it.
---@param number integer|nil the current buffer's connection if it is left out
function M.reconnect(number)
  local connection = number ~= nil and connections[number] or M.demand()
  if connection == nil then
    return
  end
  if host.restart_if_stuck() then
    return
  elseif connection.state == 'connected' then
    notices.say(('%s: it is connected.'):format(connection.name))
  elseif open(connection) and connection.state == 'failed' then
    connection.state = 'connecting'
    redraw()
  end
end

--- Connect to an address, or use the connection to it that there is.
---@param address string
---@param options table|nil `dialect`, `buffer`
---@return integer|nil the connection's number; nil if the host can't be started
function M.connect(address, options)
  options = options or {}
  local buffer = number_of(options.buffer)
  local directory = vim.fn.getcwd()
  local dialect = options.dialect or ''
  local number
  for _, each in ipairs(M.all()) do
    if each.address == address and each.directory == directory and each.asked_dialect == dialect then
      number = each.number
    end
  end
  if number == nil then
    number = last_number + 1
    connections[number] = {
      number = number,
      address = address,
      directory = directory,
      name = address,
      state = 'connecting',
      detail = '',
      greeting = '',
      language = 'text',
      dialect = '',
      asked_dialect = dialect,
    }
    if not open(connections[number]) then
      connections[number] = nil
      return nil
    end
    last_number = number
  else
    M.reconnect(number)
  end
  M.use(number, 'default')
  M.use(number, 'project', buffer)
  if vim.b[buffer].repl_connect_connection ~= nil and vim.bo[buffer].buftype == '' then
    M.use(number, 'buffer', buffer)
  end
  return number
end

--- Say goodbye to a connection.
---@param number integer
function M.disconnect(number)
  if connections[number] ~= nil and not host.notify('disconnect', { connection = number }) then
    notices.say(('%s: the host could not be told.'):format(connections[number].name), vim.log.levels.WARN)
  end
end

local function set(list)
  local found = {}
  for _, each in ipairs(list) do
    found[each] = true
  end
  return found
end

-- Handle messages about a connection that there is.
local function on(kind, handler)
  host.on(kind, function(message)
    local connection = connections[message.connection]
    if connection ~= nil then
      handler(connection, message)
    end
  end)
end

on('connected', function(connection, message)
  local before = ''
  if connection.session ~= nil then
    before = message.resumed and 'The session goes on: ' or 'A new session: '
  end
  connection.state = 'connected'
  connection.detail = ''
  connection.name = message.name
  connection.greeting = message.greeting
  connection.language = message.language
  connection.own = set(message.own)
  connection.filetypes = set(message.filetypes)
  connection.comment_prefix = message.comment_prefix
  connection.dialect = message.dialect
  connection.namespace = message.namespace or (message.resumed and connection.namespace) or nil
  connection.session = message.session
  local words = before .. message.greeting .. ' at ' .. message.name .. '.'
  if message.advice ~= nil then
    words = words .. ' ' .. message.advice
  end
  notices.say(words)
  require('repl_connect.log').note(connection, words)
  require('repl_connect.signature').start()
  redraw()
  event('ReplConnected', connection)
end)

on('disconnected', function(connection, message)
  connection.detail = ''
  local level = vim.log.levels.ERROR
  if message.wanted then
    connections[message.connection] = nil
    let_go(message.connection)
    level = vim.log.levels.INFO
  elseif message.failed and connection.session == nil then
    connection.state = 'failed'
    let_go(message.connection)
  else
    connection.state = 'lost'
  end
  local text = message.wanted and ('%s: %s'):format(connection.name, message.text) or message.text
  notices.say(text, level)
  require('repl_connect.log').note(connection, message.text)
  redraw()
  event(message.failed and 'ReplConnectFailed' or 'ReplLost', connection, { text = message.text })
end)

host.on('same', function(message)
  local connection, other = connections[message.connection], connections[message.other]
  if connection == nil or other == nil then
    return
  end
  connections[message.connection] = nil
  for key, numbers in pairs(chosen) do
    if vim.tbl_contains(numbers, message.connection) then
      chosen[key] = without(numbers, message.other)
      table.insert(chosen[key], message.other)
    end
  end
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.b[buffer].repl_connect_connection == message.connection then
      vim.b[buffer].repl_connect_connection = message.other
    end
  end
  if other.state == 'connected' then
    notices.say(('%s: it is connected already.'):format(other.name))
  end
  redraw()
end)

on('reconnecting', function(connection, message)
  connection.detail = message.state
  redraw()
end)

on('namespace', function(connection, message)
  connection.namespace = message.namespace
  redraw()
end)

host.on('note', function(message)
  notices.say(message.text, vim.log.levels[message.level:upper()])
end)

host.on_ended(function(text, again)
  for _, connection in ipairs(M.all()) do
    if connection.state ~= 'failed' then
      local was = connection.state
      connection.state = 'lost'
      connection.detail = ''
      require('repl_connect.log').note(connection, text)
      if was == 'connected' then
        event('ReplLost', connection, { text = text })
      elseif was == 'connecting' and not again then
        event('ReplConnectFailed', connection, { text = text })
      end
      if again then
        open(connection)
      end
    end
  end
  redraw()
end)

--- What a statusline shows for a buffer: the connection, how it is, the namespace, how much runs.
--- Empty if there is none.
---@param buffer integer|nil
---@return string
function M.statusline(buffer)
  local connection, scope = M.of(buffer)
  if connection == nil then
    return ''
  end
  local parts = { connection.name }
  if connection.state ~= 'connected' then
    table.insert(parts, connection.detail ~= '' and connection.detail or connection.state)
  elseif connection.namespace ~= nil then
    table.insert(parts, connection.namespace)
  end
  local running = #require('repl_connect.evaluations').running(connection.number)
  if running > 0 then
    table.insert(parts, running .. ' running')
  end
  local usable = vim.tbl_filter(function(each)
    return each.state ~= 'failed'
  end, M.all())
  if scope ~= 'default' and #usable > 1 then
    table.insert(parts, '(' .. scope .. ')')
  end
  return table.concat(parts, ' ')
end

return M
