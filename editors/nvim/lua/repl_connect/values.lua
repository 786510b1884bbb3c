--- What one does with a value: see the whole of it, take it into a register, look for an older one.
--- Putting it into the text is in `insertion`.
local M = {}

local asking = require('repl_connect.asking')
local evaluations = require('repl_connect.evaluations')
local marks = require('repl_connect.marks')
local notices = require('repl_connect.notices')
local settings = require('repl_connect.settings')

local SHARE = 0.8 -- of the editor
local HIGHLIGHTED = 100000 -- bytes; a longer text is shown without colours
local LONG_LINE = 1000 -- bytes, from which on a line is broken: Neovim can't scroll within one
local LISTED = 50 -- evaluations in the history

local highlights = vim.api.nvim_create_namespace('repl_connect_values')
local window = nil

-- The evaluation that is meant: that of the cursor's line, else the last of the buffer, else of all.
local function meant()
  local buffer = vim.api.nvim_get_current_buf()
  local found = evaluations.at(buffer, vim.api.nvim_win_get_cursor(0)[1] - 1)
  if found ~= nil then
    return found
  end
  local last, last_of_all = nil, nil
  for _, evaluation in ipairs(evaluations.all()) do
    if evaluation.buffer == buffer then
      last = evaluation
    end
    last_of_all = evaluation
  end
  if last == nil and last_of_all == nil then
    notices.say('nothing was evaluated yet.', vim.log.levels.WARN)
  end
  return last or last_of_all
end

local function without_value(evaluation)
  if evaluation.status == nil then
    return 'it still runs. :ReplInterrupt stops it.'
  elseif evaluation.error ~= nil then
    return 'there is no value: ' .. evaluation.error.type .. '.'
  elseif evaluation.problem ~= nil then
    return 'there is no value: ' .. evaluation.problem
  end
  return 'there is no value.'
end

local function broken(text, columns)
  local lines = {}
  for _, line in ipairs(vim.split(text, '\n', { plain = true })) do
    local from = 1
    while #line > LONG_LINE and #line - from + 1 > columns do
      local size = columns
      while line:byte(from + size) >= 128 and line:byte(from + size) < 192 do
        size = size - 1 -- not into a character
      end
      table.insert(lines, line:sub(from, from + size - 1))
      from = from + size
    end
    line = line:sub(from)
    table.insert(lines, line)
  end
  return lines
end

-- Output without the error's message, which is above it.
local function without_message(output, problem)
  local lines = vim.split(output, '\n', { plain = true })
  for index, text in ipairs(vim.split(problem.message, '\n', { plain = true })) do
    local titled = index == 1 and ('%s: %s'):format(problem.type, text) or text
    for row = #lines, 1, -1 do
      if lines[row]:find('%S') ~= nil and (lines[row] == text or lines[row] == titled) then
        table.remove(lines, row)
        break
      end
    end
  end
  return table.concat(lines, '\n')
end

-- What the float shows: lines, and the highlight group of each that has one of its own.
local function contents(evaluation, columns)
  local lines, groups = {}, {}
  local function add(text, group)
    for _, line in ipairs(broken(text, columns)) do
      table.insert(lines, line)
      groups[#lines] = group
    end
  end
  for _, value in ipairs(evaluation.values) do
    add(value)
  end
  if evaluation.cut then
    local quota = settings.get('print_quota')
    local words = '… cut here: g:repl_connect_print_quota is how many characters are shown: %d.'
    add(words:format(quota), 'ReplConnectPending')
  end
  if evaluation.error ~= nil then
    local problem = evaluation.error
    add(require('repl_connect.problems').text(problem), 'ReplConnectError')
    for _, frame in ipairs(problem.frames or {}) do
      local place = frame.file ~= nil and ('%s:%s '):format(frame.file, frame.line or '?') or ''
      add('  ' .. place .. frame.name)
    end
  elseif #evaluation.values == 0 then
    add(without_value(evaluation), 'ReplConnectPending')
  end
  local output = evaluation.error and without_message(evaluation.output, evaluation.error) or evaluation.output
  if output:find('%S') ~= nil then
    local how = evaluation.output_cut and 'the end of the output; :ReplLog has more' or 'output'
    add('── ' .. how .. ' ──', 'ReplConnectPending')
    add((output:gsub('\n+$', '')), 'ReplConnectOutput')
  end
  return lines, groups
end

local function close()
  local was = window
  window = nil
  if was ~= nil and vim.api.nvim_win_is_valid(was) then
    vim.api.nvim_win_close(was, true)
  end
end

local function syntax_of(evaluation)
  if evaluation.buffer ~= nil and vim.api.nvim_buf_is_loaded(evaluation.buffer) then
    return vim.bo[evaluation.buffer].filetype
  end
  return ''
end

-- A window that is as large as the lines need, beside the cursor.
local function open(lines, syntax)
  local most_columns = math.floor(vim.o.columns * SHARE)
  local most_rows = math.floor((vim.o.lines - vim.o.cmdheight) * SHARE)
  local width, size = 1, 0
  for _, line in ipairs(lines) do
    width = math.max(width, math.min(vim.fn.strdisplaywidth(line), most_columns))
    size = size + #line
  end
  local rows = 0
  for _, line in ipairs(lines) do
    rows = rows + math.max(1, math.ceil(vim.fn.strdisplaywidth(line) / width))
    if rows >= most_rows then
      break
    end
  end
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].undolevels = -1
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  local below = vim.fn.screenrow() + rows + 2 <= vim.o.lines - vim.o.cmdheight
  window = vim.api.nvim_open_win(buffer, true, {
    relative = 'cursor',
    row = below and 1 or 0,
    col = 0,
    anchor = below and 'NW' or 'SW',
    width = width,
    height = math.min(rows, most_rows),
    style = 'minimal',
    border = 'rounded',
  })
  vim.wo[window].wrap = true
  if size <= HIGHLIGHTED then
    vim.bo[buffer].syntax = syntax
  end
  for _, key in ipairs({ 'q', '<Esc>' }) do
    vim.keymap.set('n', key, close, { buffer = buffer, nowait = true, desc = 'Close' })
  end
  vim.api.nvim_create_autocmd('WinLeave', { buffer = buffer, once = true, callback = vim.schedule_wrap(close) })
  return buffer
end

--- Show the whole value in a window over the text, with the error and the output if there are some.
--- It can be scrolled; `q`, `<Esc>` and leaving it close it.
---@param evaluation repl_connect.Evaluation|nil that of the cursor's line if it is left out
function M.show(evaluation)
  evaluation = evaluation or meant()
  if evaluation == nil then
    return
  end
  close()
  local lines, groups = contents(evaluation, math.floor(vim.o.columns * SHARE))
  local buffer = open(lines, syntax_of(evaluation))
  for row, group in pairs(groups) do
    vim.api.nvim_buf_set_extmark(buffer, highlights, row - 1, 0, {
      end_row = row,
      hl_group = group,
      priority = 200,
    })
  end
end

--- Put the value of the cursor's line into a register.
---@param register string|nil the unnamed one if it is left out
---@param evaluation repl_connect.Evaluation|nil
function M.yank(register, evaluation)
  register = (register ~= nil and register ~= '') and register or '"'
  evaluation = evaluation or meant()
  if evaluation == nil then
    return
  end
  local value = evaluation.values[#evaluation.values]
  if value == nil then
    notices.say(without_value(evaluation), vim.log.levels.WARN)
    return
  end
  if not pcall(vim.fn.setreg, register, value) then
    notices.say(('%s: there is no such register, or it can not be set.'):format(register), vim.log.levels.ERROR)
    return
  end
  notices.say(
    ('the value is in the register %s%s.'):format(register, evaluation.cut and ', but not all of it: it was cut' or '')
  )
end

local function described(evaluation)
  local value = evaluation.values[#evaluation.values]
  local result
  if value ~= nil then
    result = '=> ' .. marks.first_line(value)
  elseif evaluation.error ~= nil then
    result = '✗ ' .. evaluation.error.type
  elseif evaluation.status == nil then
    result = '…'
  else
    result = evaluation.status == 'ok' and '✓' or '✗ ' .. evaluation.status
  end
  return ('%s  %s'):format(require('repl_connect.widths').first_line(evaluation.code, 40), result)
end

local ACTIONS = {
  {
    'show the value',
    function(evaluation)
      M.show(evaluation)
    end,
  },
  {
    'put the value into the register "',
    function(evaluation)
      M.yank('"', evaluation)
    end,
  },
  {
    'evaluate the code again',
    function(evaluation)
      require('repl_connect.sending').code(evaluation.code, { connection = evaluation.connection })
    end,
  },
}

--- Choose one of the last evaluations, and what to do with it.
function M.history()
  local items = {}
  for _, evaluation in ipairs(evaluations.all()) do
    if evaluation.code ~= '' then
      table.insert(items, 1, evaluation)
    end
  end
  if #items == 0 then
    notices.say('nothing was evaluated yet.', vim.log.levels.WARN)
    return
  end
  items = vim.list_slice(items, 1, LISTED)
  asking.select(items, { prompt = 'Evaluations, the last first:', format_item = described }, function(chosen)
    if chosen == nil then
      return
    end
    local function title(action)
      return action[1]
    end
    asking.select(ACTIONS, { prompt = described(chosen), format_item = title }, function(action)
      if action ~= nil then
        action[2](chosen)
      end
    end)
  end)
end

return M
