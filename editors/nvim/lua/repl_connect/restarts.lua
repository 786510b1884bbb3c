--- Errors that hold the program: the user is told, and chooses how it goes on.
local M = {}

local asking = require('repl_connect.asking')
local connections = require('repl_connect.connections')
local evaluations = require('repl_connect.evaluations')
local host = require('repl_connect.host')
local log = require('repl_connect.log')
local notices = require('repl_connect.notices')
local settings = require('repl_connect.settings')

-- Those that have been told of: connection -> id -> the evaluation that failed, false if none.
local told = {}
local choosing = false

local function restart(connection, held, name, value)
  local known = told[connection.number] or {}
  local failed = known[held.id]
  failed = failed and evaluations.get(failed) or nil
  log.note(connection, ('%s: %s%s'):format(held.id, name, value and (' ' .. value) or ''))
  evaluations.send({
    unit = 'restart',
    held = held.id,
    restart = name,
    code = value or '',
  }, {
    connection = connection.number,
    buffer = failed and failed.buffer or nil,
    anchor = failed and failed.anchor or nil,
    after = function(evaluation)
      if evaluation.status == 'ok' then
        known[held.id] = nil
        local last = evaluation.values[#evaluation.values]
        local text = last ~= nil and last:match('^[^\n]*') or 'it goes on.'
        notices.say(('%s: %s: %s'):format(held.id, name, text))
        if failed ~= nil and failed.anchor ~= nil then
          require('repl_connect.problems').covered(failed)
        end
      elseif evaluation.status == 'error' then
        notices.say(('%s is held still.'):format(held.id), vim.log.levels.WARN)
      end
    end,
  })
end

local function say_still_held(held)
  notices.say(('%s is held still. :ReplRestarts offers its restarts.'):format(held.id))
end

local function offer(connection, held)
  require('repl_connect.problems').list(('%s: %s'):format(held.name, held.text), held.frames)
  choosing = true
  asking.select(held.restarts, {
    prompt = ('%s failed (%s): %s'):format(held.name, held.id, held.text),
    format_item = function(each)
      return each.text ~= '' and ('%s: %s'):format(each.name, each.text) or each.name
    end,
  }, function(each)
    choosing = false
    if each == nil then
      say_still_held(held)
    elseif each.name == 'continue' or vim.endswith(each.name, '-value') then
      asking.input(each.name .. ', with the value of (code, or nothing): ', function(value)
        if value == nil then
          say_still_held(held)
        else
          restart(connection, held, each.name, value ~= '' and value or nil)
        end
      end)
    else
      restart(connection, held, each.name)
    end
  end)
end

local function list(connection, callback)
  host.ask('listheld', { connection = connection.number }, function(result)
    vim.schedule(function()
      callback(result.held, result.problem)
    end)
  end)
end

--- Let the user choose how a held error goes on; which one, if there are several.
function M.choose()
  local connection = connections.demand()
  if connection == nil then
    return
  end
  list(connection, function(held, problem)
    if #held == 0 then
      notices.say(problem or 'no error is held.')
    elseif #held == 1 then
      offer(connection, held[1])
    else
      asking.select(held, {
        prompt = 'Held errors:',
        format_item = function(each)
          return ('%s  %s: %s'):format(each.id, each.name, each.text)
        end,
      }, function(each)
        if each ~= nil then
          offer(connection, each)
        end
      end)
    end
  end)
end

--- The program is held: the host has told so.
---@param message table
function M.held(message)
  local connection = connections.get(message.connection)
  if connection == nil then
    return
  end
  told[connection.number] = told[connection.number] or {}
  local known = told[connection.number][message.held] ~= nil
  told[connection.number][message.held] = message.evaluation or false
  if known and message.before then
    return -- some programs tell who connects by themselves
  end
  log.note(connection, message.text)
  notices.say(message.text .. '. :ReplRestarts offers how it can go on.', vim.log.levels.WARN)
  -- Who types now has read what to do by the time the answer comes, and may be about to do it.
  if not settings.get('restarts') or not asking.is_welcome() then
    return
  end
  list(connection, function(held)
    for _, each in ipairs(held) do
      if each.id == message.held and asking.is_welcome() and not choosing then
        offer(connection, each)
        return
      end
    end
  end)
end

return M
