--- Sentences for the user.
local M = {}

local HIGHLIGHTS = { [vim.log.levels.WARN] = 'WarningMsg', [vim.log.levels.ERROR] = 'ErrorMsg' }

-- Whether `vim.notify` is Neovim's own, and no plugin's that shows it better.
local function is_plain()
  return debug.getinfo(vim.notify, 'S').source:find('vim/_', 1, true) ~= nil
end

local MORE = '… (:messages)'
local LONG_WORD = 20 -- bytes

-- The lines that a text has in so many columns; those that go on are indented.
local function wrapped(text, room)
  local lines = {}
  local line = ''
  for word in text:gmatch('%S+') do
    local longer = line == '' and word or (line .. ' ' .. word)
    if vim.fn.strdisplaywidth(longer) > room and line ~= '' then
      table.insert(lines, line)
      longer = '  ' .. word
    end
    line = longer
  end
  table.insert(lines, line)
  return lines
end

-- In one line, as much of it as there is room for. Of long paths only the end is left, rather than
-- that what comes after them is not seen.
local function brief(text, room)
  text = text:gsub('%s+', ' ')
  text = text:gsub('%S+', function(word)
    return #word > LONG_WORD and word:gsub('^%S*/([^/]+)$', '…/%1') or word
  end)
  if vim.fn.strdisplaywidth(text) <= room then
    return text
  end
  local most = room - vim.fn.strdisplaywidth(MORE)
  text = vim.fn.strcharpart(text, 0, room)
  while vim.fn.strdisplaywidth(text) > most do
    text = vim.fn.strcharpart(text, 0, vim.fn.strchars(text) - 1)
  end
  return text .. MORE
end

-- Show it in the last line. What does not fit there, or comes right after another message, would
-- have the user press ENTER, and Neovim wait for that. So each line is shown by itself: all of them
-- are in `:messages`, and a short form stays on the screen.
local function show(text, level)
  local highlight = HIGHLIGHTS[level]
  local room = math.max(vim.v.echospace, 20)
  local lines = wrapped(text, room)
  for _, line in ipairs(lines) do
    vim.cmd('redraw')
    while vim.fn.strdisplaywidth(line) > room do -- one long word
      local first = vim.fn.strcharpart(line, 0, math.floor(room / 2))
      vim.api.nvim_echo({ { first, highlight } }, true, {})
      vim.cmd('redraw')
      line = '  ' .. line:sub(#first + 1)
    end
    vim.api.nvim_echo({ { line, highlight } }, true, {})
  end
  if #lines > 1 or vim.fn.strdisplaywidth(lines[1]) > room then
    vim.cmd('redraw')
    vim.api.nvim_echo({ { brief(text, room), highlight } }, false, {})
  end
end

-- Without a line for messages, the statusline's next drawing covers them: so after what is under way.
local function in_a_moment(action)
  vim.schedule(vim.o.cmdheight > 0 and action or function()
    vim.schedule(action)
  end)
end

--- Say something, in a moment. Errors and warnings stay in `:messages`.
---@param text string
---@param level integer|nil one of vim.log.levels; INFO if it is left out
function M.say(text, level)
  level = level or vim.log.levels.INFO
  in_a_moment(function()
    if is_plain() then
      show('repl-connect: ' .. text, level)
    else
      vim.notify('repl-connect: ' .. text, level)
    end
  end)
end

return M
