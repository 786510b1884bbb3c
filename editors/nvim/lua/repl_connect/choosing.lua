--- Choosing among connections, by `vim.ui.select`.
local M = {}

local asking = require('repl_connect.asking')
local connections = require('repl_connect.connections')
local notices = require('repl_connect.notices')

local SCOPES = { buffer = 'this buffer', project = 'this project', default = 'wherever there is no other' }

local function line(connection)
  local state = connection.state
  if connection.detail ~= '' then
    state = state .. ', ' .. connection.detail
  end
  local parts = { ('%d  %s: %s'):format(connection.number, connection.name, state) }
  if connection.greeting ~= '' then
    table.insert(parts, connection.greeting)
  end
  local uses = connections.uses(connection.number)
  if connections.of() == connection then
    table.insert(uses, 1, 'used here')
  end
  if #uses > 0 then
    table.insert(parts, '(' .. table.concat(uses, ', ') .. ')')
  end
  return table.concat(parts, '  ')
end

local function pick(prompt, callback)
  local all = connections.all()
  if #all == 0 then
    notices.say('there are no connections. :ReplConnect ADDRESS makes one.', vim.log.levels.WARN)
    return
  end
  asking.select(all, { prompt = prompt, format_item = line }, function(connection)
    -- It may have gone while the question was there.
    if connection ~= nil and connections.get(connection.number) ~= nil then
      callback(connection)
    end
  end)
end

--- Let the user choose the connection to use in a scope.
---@param scope string|nil `buffer` (if it is left out or empty), `project` or `default`
function M.choose(scope)
  if scope == nil or scope == '' then
    scope = 'buffer'
  elseif SCOPES[scope] == nil then
    notices.say(('%s: say buffer, project or default.'):format(scope), vim.log.levels.WARN)
    return
  end
  local buffer = vim.api.nvim_get_current_buf()
  pick('Connection for ' .. SCOPES[scope] .. ':', function(connection)
    connections.use(connection.number, scope, buffer)
    notices.say(('%s is for %s now.'):format(connection.name, SCOPES[scope]))
  end)
end

--- Show all connections; the user chooses one, and what to do with it.
function M.targets()
  local buffer = vim.api.nvim_get_current_buf()
  pick('Connections:', function(connection)
    local actions = {}
    for _, scope in ipairs({ 'buffer', 'project', 'default' }) do
      table.insert(actions, {
        'use it for ' .. SCOPES[scope],
        function()
          connections.use(connection.number, scope, buffer)
        end,
      })
    end
    table.insert(actions, {
      'show its log',
      function()
        require('repl_connect.log').open(connection)
      end,
    })
    if connection.state ~= 'connected' then
      table.insert(actions, {
        'connect again',
        function()
          connections.reconnect(connection.number)
        end,
      })
    end
    table.insert(actions, {
      'disconnect',
      function()
        connections.disconnect(connection.number)
      end,
    })
    asking.select(actions, {
      prompt = connection.name .. ':',
      format_item = function(action)
        return action[1]
      end,
    }, function(action)
      if action ~= nil and connections.get(connection.number) ~= nil then
        action[2]()
      end
    end)
  end)
end

return M
