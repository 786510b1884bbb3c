--- The signature of the call that is being typed, in a float above it.
local M = {}

local connections = require('repl_connect.connections')
local host = require('repl_connect.host')
local languages = require('repl_connect.languages')
local settings = require('repl_connect.settings')
local surroundings = require('repl_connect.surroundings')

local PAUSE = 100 -- milliseconds without a key
local GROUPS = { name = 'Function', current = 'ReplConnectParameter' }

local marks = vim.api.nvim_create_namespace('repl_connect_signature')
local timer = nil
local last_question = 0
local buffer = nil
local window = nil

require('repl_connect.highlights').define()

--- Take it away.
function M.hide()
  last_question = last_question + 1
  if window ~= nil and vim.api.nvim_win_is_valid(window) then
    pcall(vim.api.nvim_win_close, window, true)
  end
  window = nil
end

local function is_typing()
  return vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
end

-- Where the float goes: above the line; below it if there is no room. Nil if the completion menu is
-- there.
local function side()
  local top = vim.fn.win_screenpos(0)[1] + vim.fn.winline() - 1 -- of the cursor's line
  local menu = vim.fn.pumvisible() == 1 and vim.fn.pum_getpos() or nil
  if top > 1 then
    return (menu == nil or menu.row >= top) and 'above' or nil
  end
  return menu == nil and 'below' or nil
end

local function fill(chunks)
  if buffer == nil or not vim.api.nvim_buf_is_valid(buffer) then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.bo[buffer].bufhidden = 'hide'
    vim.bo[buffer].undolevels = -1
  end
  local text, spans = ' ', {}
  for _, chunk in ipairs(chunks) do
    local start = #text
    text = text .. chunk[1]
    table.insert(spans, { start, #text, GROUPS[chunk[2]] })
  end
  text = text .. ' '
  vim.api.nvim_buf_clear_namespace(buffer, marks, 0, -1)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, { text })
  for _, span in ipairs(spans) do
    if span[3] ~= nil then
      vim.api.nvim_buf_set_extmark(buffer, marks, 0, span[1], { end_col = span[2], hl_group = span[3] })
    end
  end
  return vim.fn.strdisplaywidth(text)
end

local function show(chunks, row, column)
  local where = side()
  if #chunks == 0 or where == nil then
    M.hide()
    return
  end
  local config = {
    relative = 'win',
    win = vim.api.nvim_get_current_win(),
    bufpos = { row, column },
    anchor = where == 'above' and 'SW' or 'NW',
    row = where == 'above' and 0 or 1,
    col = 0,
    width = fill(chunks),
    height = 1,
    style = 'minimal',
    focusable = false,
    zindex = 40,
  }
  if window ~= nil and vim.api.nvim_win_is_valid(window) then
    vim.api.nvim_win_set_config(window, config)
  else
    config.noautocmd = true
    local opened, made = pcall(vim.api.nvim_open_win, buffer, false, config)
    window = opened and made or nil -- there can be none in the command-line window
  end
end

local function ask()
  local connection = connections.of()
  local here = vim.api.nvim_get_current_buf()
  if
    not is_typing()
    or connection == nil
    or connection.state ~= 'connected'
    or languages.known(vim.bo[here].filetype) == nil
    or not settings.get('signature')
  then
    M.hide()
    return
  end
  local place = vim.api.nvim_win_get_cursor(0)
  local around = surroundings.of(here, place[1] - 1, place[2])
  last_question = last_question + 1
  local question = last_question
  host.ask('look', {
    connection = connection.number,
    call = true,
    columns = math.max(20, vim.o.columns - 4),
    text = around.text,
    row = around.row,
    column = around.column,
    head = around.head,
    filetype = around.filetype,
    path = around.path,
  }, function(answer)
    if question == last_question and is_typing() and vim.api.nvim_get_current_buf() == here then
      local start = answer.row == around.row and answer.column or 0
      show(answer.chunks, place[1] - 1, start)
    end
  end)
end

local function moved()
  timer:start(PAUSE, 0, vim.schedule_wrap(ask))
end

local function left()
  timer:stop()
  M.hide()
end

--- Show signatures from now on, where there is a connection and the setting `signature` is on.
function M.start()
  if timer ~= nil then
    return
  end
  timer = vim.loop.new_timer()
  local group = vim.api.nvim_create_augroup('repl_connect_signature', {})
  vim.api.nvim_create_autocmd({ 'CursorMovedI', 'TextChangedI', 'TextChangedP' }, {
    group = group,
    callback = moved,
  })
  vim.api.nvim_create_autocmd({ 'InsertLeave', 'BufLeave', 'WinLeave' }, {
    group = group,
    callback = left,
  })
end

return M
