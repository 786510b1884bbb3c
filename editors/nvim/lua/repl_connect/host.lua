--- The host process: started on first use, told what is wanted, started again when it has ended.
---
--- Nothing here waits for it. What it says comes in batches through `receive`. What it is told waits
--- in Neovim's memory while it takes nothing, so that has a limit.
local M = {}

local settings = require('repl_connect.settings')

local channel = nil
local pid = nil
local stderr_lines = {}
local handlers = {}
local answers = {}
local requests = 0
local ended_callbacks = {}
local restarts = {} -- when, in milliseconds: of those that nobody asked for
local started = 0
local to_restart = false -- it was ended here, to be started again
local print_quota = nil -- what it was told last

local sizes = {} -- bytes of each request that was sent and not taken, by its number
local sent, taken, waiting = 0, 0, 0
local watch = nil
local stuck = false

local SHORT_LIFE = 5000 -- milliseconds; who ends sooner is not started again by itself
local MOST_RESTARTS = 3 -- within
local RESTARTS_TIME = 600000
local PATIENCE = 5000 -- after which a host that takes nothing is worth a word
local MOST_BYTES = 16 * 1024 * 1024
local MOST_REQUESTS = 1000
local STDERR_LINES = 50

--- Call `handler(message)` for every message of a kind. One handler a kind.
---@param kind string
---@param handler fun(message: table)
function M.on(kind, handler)
  handlers[kind] = handler
end

--- Call `callback(text, again)` each time the host has ended without being asked to; `again` is
--- whether it makes sense to start it again at once.
---@param callback fun(text: string, again: boolean)
function M.on_ended(callback)
  table.insert(ended_callbacks, callback)
end

--- Whether the host runs.
---@return boolean
function M.is_running()
  return channel ~= nil
end

--- The host's process id, nil if it does not run.
---@return integer|nil
function M.pid()
  return pid
end

--- The last lines that the host, or the one before it, wrote on its standard error: of its errors.
---@return string[]
function M.stderr()
  return vim.deepcopy(stderr_lines)
end

local function say(text, level)
  require('repl_connect.notices').say(text, level or vim.log.levels.ERROR)
end

local function forget_waiting()
  sizes, sent, taken, waiting, stuck = {}, 0, 0, 0, false
  if watch ~= nil then
    watch:stop()
  end
end

-- Whether it is to be started again by itself: not if that comes to nothing.
local function worth_it()
  local now = vim.loop.now()
  restarts = vim.tbl_filter(function(time)
    return now - time < RESTARTS_TIME
  end, restarts)
  if now - started <= SHORT_LIFE or #restarts >= MOST_RESTARTS then
    return false
  end
  table.insert(restarts, now)
  return true
end

local function exited(status)
  channel, pid = nil, nil
  answers = {}
  forget_waiting()
  local said = vim.trim(table.concat(stderr_lines, '\n'))
  local last = said:match('[^\n]*$')
  local again = to_restart or worth_it()
  local text
  if status == 2 and last ~= '' then -- it has said what is missing
    again = false
    text = last:gsub('^repl%-connect: ', '')
  elseif to_restart then
    text = 'The host process was ended. It is started again.'
  else
    local how = status > 128 and ('killed by signal %d'):format(status - 128) or ('status %d'):format(status)
    text = ('The host process has ended (%s)'):format(how)
      .. (last ~= '' and (': ' .. last:gsub('%.?$', '.', 1)) or '.')
      .. (again and ' It is started again.' or ' :ReplReconnect starts it again.')
  end
  to_restart = false
  say(text)
  for _, callback in ipairs(ended_callbacks) do
    callback(text, again)
  end
end

local function start()
  if vim.v.exiting ~= vim.NIL then
    return false -- Neovim would wait for it for ever
  end
  local command, problem = require('repl_connect.finding').command()
  if command == nil then
    say(problem)
    return false
  end
  stderr_lines = {}
  local ok, job = pcall(vim.fn.jobstart, command, {
    rpc = true,
    env = require('repl_connect.finding').ENVIRONMENT,
    on_stderr = function(job, data)
      if job ~= channel then
        return
      end
      for _, line in ipairs(data) do
        if line ~= '' then
          table.insert(stderr_lines, line)
        end
      end
      while #stderr_lines > STDERR_LINES do
        table.remove(stderr_lines, 1)
      end
    end,
    on_exit = function(job, status)
      if job == channel then
        exited(status)
      end
    end,
  })
  if not ok or job <= 0 then
    say(('%s: it could not be started. :checkhealth repl_connect says more.'):format(command[1]))
    return false
  end
  channel = job
  pid = vim.fn.jobpid(job)
  started = vim.loop.now()
  forget_waiting()
  vim.api.nvim_create_autocmd('VimLeavePre', {
    group = vim.api.nvim_create_augroup('repl_connect_host', {}),
    callback = M.stop,
  })
  print_quota = nil
  return true
end

local function say_stuck()
  if not stuck then
    stuck = true
    say(
      ('The host process (%d) takes nothing: is it stopped? `kill -CONT %d` lets it go on, '):format(pid, pid)
        .. ':ReplReconnect starts it again.',
      vim.log.levels.WARN
    )
  end
end

-- Have a look after a while at whether it has taken anything since.
local function watch_it()
  if watch == nil then
    watch = vim.loop.new_timer()
  end
  if watch:is_active() then
    return
  end
  local before = taken
  watch:start(
    PATIENCE,
    0,
    vim.schedule_wrap(function()
      if channel ~= nil and taken < sent then
        if taken == before then
          say_stuck()
        end
        watch_it()
      end
    end)
  )
end

-- Tell it the settings that are its own, when they have changed.
local function configure()
  local quota = settings.get('print_quota')
  if quota ~= print_quota then
    print_quota = quota
    M.notify('configure', { print_quota = quota })
  end
end

local function size_of(fields)
  local size = 100
  for _, value in pairs(fields) do
    size = size + (type(value) == 'string' and #value or 10)
  end
  return size
end

--- Ask the host for something; it is started if it does not run.
---@param name string one of the requests in the host's `requests.py`
---@param fields table
---@return boolean whether it was sent; if not, the user was told why
function M.notify(name, fields)
  if channel == nil and not start() then
    return false
  end
  if vim.tbl_isempty(fields) then
    fields = vim.empty_dict()
  end
  if name == 'connect' or name == 'evaluate' then
    configure()
  end
  if name == 'received' then
    return (pcall(vim.rpcnotify, channel, name, fields))
  end
  local size = size_of(fields)
  if (waiting > 0 and waiting + size > MOST_BYTES) or sent - taken >= MOST_REQUESTS then
    say_stuck()
    return false
  end
  if not pcall(vim.rpcnotify, channel, name, fields) then
    say('The host process is ending: that was not sent. Try once more.', vim.log.levels.WARN)
    return false
  end
  sent = sent + 1
  sizes[sent] = size
  waiting = waiting + size
  watch_it()
  return true
end

M.on('taken', function(message)
  while taken < message.requests and taken < sent do
    taken = taken + 1
    waiting = waiting - sizes[taken]
    sizes[taken] = nil
  end
  if stuck then
    stuck = false
    say('The host process goes on.', vim.log.levels.INFO)
  end
end)

--- Ask the host for an answer: `callback(result)` gets it, sometime or never.
---@param name string
---@param fields table without `request`
---@param callback fun(result: any)
function M.ask(name, fields, callback)
  requests = requests + 1
  fields.request = requests
  if not M.notify(name, fields) then
    return
  end
  answers[requests] = callback
  answers[requests - 100] = nil -- whoever has not answered by now never will
end

-- What changes what a statusline shows: an evaluation has begun, or has ended.
local CHANGES = { span = true, done = true }

local function take(message)
  if message.kind == 'answer' then
    local callback = answers[message.request]
    answers[message.request] = nil
    if callback ~= nil then
      callback(message.result)
    end
  elseif handlers[message.kind] ~= nil then
    handlers[message.kind](message)
  end
end

--- Take a batch of messages: the host calls this.
---@param batch table[]
function M.receive(batch)
  local changed = false
  for _, message in ipairs(batch) do
    changed = changed or CHANGES[message.kind] ~= nil
    local ok, problem = pcall(take, message)
    if not ok then
      say(('%s: %s'):format(message.kind, problem))
    end
  end
  if channel ~= nil then
    M.notify('received', {})
  end
  if changed then
    vim.cmd('redrawstatus!')
  end
end

--- End a host that takes nothing, at once; it is started again, and all connections with it.
---@return boolean whether that was so
function M.restart_if_stuck()
  if channel == nil or not stuck then
    return false
  end
  to_restart = true
  vim.loop.kill(pid, 'sigkill')
  return true
end

--- End the host, without a word. What is asked next starts it again.
function M.stop()
  local job, process = channel, pid
  channel, pid = nil, nil
  answers = {}
  forget_waiting()
  if job ~= nil then
    vim.loop.kill(process, 'sigcont') -- a process that is stopped would not end
    pcall(vim.fn.chanclose, job)
    pcall(vim.fn.jobstop, job)
  end
end

return M
