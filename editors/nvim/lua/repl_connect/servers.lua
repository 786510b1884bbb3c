--- Where one can connect to: what is live here, the partners, and where one has been.
local M = {}

local asking = require('repl_connect.asking')
local connections = require('repl_connect.connections')
local host = require('repl_connect.host')
local notices = require('repl_connect.notices')

local FRESH = 10000 -- milliseconds for which a survey is good enough for a completion
local PATIENCE = 3000 -- milliseconds after which one is asked for again
local LOOKED_AT = 500 -- entries of the command-line history
local MOST_USED = 20
local MOST_CHOICES = 20

---@class repl_connect.Survey
---@field directory string
---@field servers table[] `address`, `local`, `embedded`, `language`, `program`, `directory`
---@field partners string[] with their `@`
---@field stale string[] sentences
---@field dialects string[] what can be spoken

---@type repl_connect.Survey|nil
local known = nil
local known_at = 0
local asked_at = nil

-- Ask what is live, seen from the working directory; `callback` gets it, sometime or never.
local function survey(callback)
  local directory = vim.fn.getcwd()
  asked_at = vim.loop.now()
  return host.ask('servers', { directory = directory }, function(found)
    known, known_at, asked_at = found, vim.loop.now(), nil
    known.directory = directory
    if callback ~= nil then
      vim.schedule(function()
        callback(found)
      end)
    end
  end)
end

-- Addresses of this and earlier sessions, the latest first.
local function used()
  local found = {}
  for number = vim.fn.histnr(':'), math.max(1, vim.fn.histnr(':') - LOOKED_AT), -1 do
    local address = vim.fn.histget(':', number):match('^:*%s*ReplConnect%s+(%S.*)$')
    if address ~= nil then
      table.insert(found, vim.trim(address))
    end
    if #found >= MOST_USED then
      break
    end
  end
  for _, connection in ipairs(connections.all()) do
    table.insert(found, connection.address)
  end
  return found
end

local function candidates(lead, survey_there)
  local found, there = {}, {}
  local function add(text)
    if not there[text] and vim.startswith(text, lead) then
      there[text] = true
      table.insert(found, text)
    end
  end
  if survey_there then
    for _, server in ipairs(known.servers) do
      add(server.address)
    end
    for _, partner in ipairs(known.partners) do
      add(partner)
    end
  end
  for _, address in ipairs(used()) do
    add(address)
  end
  for _, file in ipairs(vim.fn.getcompletion(lead, 'file')) do
    add(file)
  end
  return found
end

-- The options that begin with a text.
local function options(lead)
  local found = {}
  for _, name in ipairs(known ~= nil and known.dialects or { '' }) do
    local option = '++dialect=' .. name
    if vim.startswith(option, lead) then
      table.insert(found, option)
    end
  end
  return found
end

-- What was to be completed is completed now, if the user still waits for it.
local function complete_again(line)
  if vim.fn.getcmdtype() == ':' and vim.fn.getcmdline() == line and vim.fn.wildmenumode() == 0 then
    vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes('<Tab>', true, false, true), 't', false)
  end
end

--- The addresses that begin with a text, for the completion of a command.
---
--- What is live is found out meanwhile. When nothing else is known to begin so, the completion is
--- done once more as soon as that is there.
--- What begins with a plus is an option instead: what is spoken there.
---@param lead string
---@param line string the command line
---@return string[]
function M.complete(lead, line)
  if lead:find('^%+') ~= nil then
    return options(lead)
  end
  local there = known ~= nil and known.directory == vim.fn.getcwd()
  local now = vim.loop.now()
  if there and now - known_at < FRESH then
    return candidates(lead, true)
  end
  local waits = asked_at ~= nil and now - asked_at < PATIENCE
  local again = not there and not waits
  if not waits then
    survey(again and function()
      complete_again(line)
    end or nil)
  end
  if again and (lead == '' or lead:sub(1, 1) == '@') and host.is_running() then
    return {}
  end
  return candidates(lead, there)
end

local function go(address, buffer)
  connections.connect(address, { buffer = buffer })
  -- So that it can be had again as one that was typed.
  vim.fn.histadd(':', 'ReplConnect ' .. address)
end

local function select(found, buffer)
  local choices, width, languages = {}, 0, 0
  for _, server in ipairs(found.servers) do
    if not server.embedded and #choices < MOST_CHOICES then
      table.insert(choices, server)
    end
  end
  for _, partner in ipairs(found.partners) do
    table.insert(choices, { address = partner, language = '', program = 'a partner', directory = '' })
  end
  for _, choice in ipairs(choices) do
    width = math.max(width, vim.fn.strdisplaywidth(choice.address))
    languages = math.max(languages, vim.fn.strdisplaywidth(choice.language))
  end
  local function padded(text, columns)
    return text .. (' '):rep(columns - vim.fn.strdisplaywidth(text))
  end
  asking.select(choices, {
    prompt = 'Connect to:',
    kind = 'repl_connect_server',
    format_item = function(choice)
      return vim.trim(table.concat({
        padded(choice.address, width),
        padded(choice.language, languages),
        choice.program,
        choice.directory,
      }, '  '))
    end,
  }, function(choice)
    if choice ~= nil then
      go(choice.address, buffer)
    end
  end)
end

--- Connect to what is live: to the one that is near, or to the user's choice.
---@param buffer integer the buffer that it is for
function M.choose(buffer)
  survey(function(found)
    local near, live = {}, 0
    for _, server in ipairs(found.servers) do
      if not server.embedded then
        live = live + 1
        if server['local'] then
          table.insert(near, server)
        end
      end
    end
    if #near == 1 then
      go(near[1].address, buffer)
    elseif live + #found.partners > 0 then
      select(found, buffer)
    else
      local words = { 'nothing is live here: :ReplConnect needs an ADDRESS.' }
      vim.list_extend(words, vim.list_slice(found.stale, 1, 3))
      notices.say(table.concat(words, '\n'), vim.log.levels.WARN)
    end
  end)
end

return M
