--- Input for the program: it is asked for when the user types nothing else, and else on `:ReplInput`.
local M = {}

local asking = require('repl_connect.asking')
local bytes = require('repl_connect.bytes')
local connections = require('repl_connect.connections')
local evaluations = require('repl_connect.evaluations')
local host = require('repl_connect.host')
local notices = require('repl_connect.notices')

local LONGEST_PROMPT = 200 -- bytes
local LONGEST_NAME = 40

local HINT = ':ReplInput answers, :ReplInput! ends the input, :ReplInterrupt stops it.'

---@type { evaluation: integer, connection: integer, secret: boolean }[] the oldest first
local waiting = {}
local is_asked = false

local function is_waiting(each)
  local evaluation = evaluations.get(each.evaluation)
  return evaluation ~= nil and evaluation.status == nil and evaluation.asked ~= nil
end

local function still_waiting()
  waiting = vim.tbl_filter(is_waiting, waiting)
  return waiting
end

local function name_of(each)
  local code = evaluations.get(each.evaluation).code:match('%S[^\n]*') or ''
  code = vim.fn.strcharpart(code, 0, LONGEST_NAME)
  local connection = connections.get(each.connection)
  return connection ~= nil and ('%s: %s'):format(connection.name, code) or code
end

-- What the program has printed last on its line, as programs do before they read.
local function prompt_of(each)
  local printed = bytes.last(evaluations.get(each.evaluation).output:match('[^\n]*$'), LONGEST_PROMPT)
  local prompt = printed:match('%S') and printed or 'input: '
  if #still_waiting() > 1 then
    prompt = ('(%s) %s'):format(name_of(each), prompt)
  end
  return prompt
end

local function send(each, text)
  local evaluation = evaluations.get(each.evaluation)
  if not is_waiting(each) then
    notices.say('it waits for input no more.', vim.log.levels.WARN)
    return
  end
  evaluation.asked = nil
  still_waiting()
  host.notify('provide', {
    connection = each.connection,
    evaluation = each.evaluation,
    text = text,
  })
end

local function ask_first()
  local each = still_waiting()[1]
  if each == nil or is_asked then
    return
  end
  is_asked = true
  local read = each.secret and asking.secret or asking.input
  read(prompt_of(each), function(text)
    is_asked = false
    if text ~= nil then
      send(each, text .. '\n')
      vim.schedule(ask_first)
    elseif is_waiting(each) then
      notices.say('nothing was sent, and it waits on. ' .. HINT)
    end
  end)
end

--- The program asks for input: the host has told so.
---@param message table
function M.asked(message)
  local evaluation = evaluations.get(message.evaluation)
  if evaluation == nil or evaluation.status ~= nil then
    return
  end
  evaluation.asked = { secret = message.secret }
  table.insert(waiting, {
    evaluation = message.evaluation,
    connection = message.connection,
    secret = message.secret,
  })
  vim.schedule(function()
    if is_asked or not is_waiting(waiting[#waiting] or { evaluation = 0 }) then
      return
    elseif asking.is_welcome() then
      ask_first()
    else
      notices.say('the program waits for input. ' .. HINT)
    end
  end)
end

--- Ask the user for what the program waits for, one after the other if there are several.
function M.ask()
  if #still_waiting() == 0 then
    notices.say('nothing waits for input.')
    return
  end
  is_asked = false -- who asks for it sees no other question
  ask_first()
end

--- Give the program that waits a line; with several, the one that has waited longest.
---@param text string
function M.give(text)
  local each = still_waiting()[1]
  if each == nil then
    notices.say('nothing waits for input, so nothing was sent.', vim.log.levels.WARN)
    return
  end
  send(each, text .. '\n')
end

--- Tell the program that waits that there is no more input.
function M.finish()
  local each = still_waiting()[1]
  if each == nil then
    notices.say('nothing waits for input.')
    return
  end
  send(each, '')
end

return M
