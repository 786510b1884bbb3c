--- The log: one buffer a connection, with all that was sent and all that came of it, bounded.
---
--- Code stands there as it is, all else is a comment of its language, so that the buffer can be read,
--- searched and sent from as a file of that language. What comes together is put in together.
local M = {}

local bytes = require('repl_connect.bytes')
local settings = require('repl_connect.settings')

local LONGEST = 10000 -- bytes of a line; Neovim gets slow with longer ones
local MOST_LINES = 1000 -- of one value or piece of code

local HIGHLIGHTS = {
  out = 'ReplConnectOutput',
  err = 'ReplConnectError',
  note = 'ReplConnectPending',
  value = 'ReplConnectValue',
}
local FIRST = { out = '(out) ', err = '(err) ', value = '=> ' }
local FURTHER = { out = '(out) ', err = '(err) ', value = '   ' }

---@class repl_connect.Log
---@field connection repl_connect.Connection
---@field buffer integer|nil
---@field entries table[] what waits for its turn: `kind` and `text` each
---@field open string|nil the kind of the last line, if that is not finished
---@field full boolean|nil the last line is as long as it may get
---@field place string|nil where the code is from that the last entry is about
---@field dropped integer lines
---@field saved table|nil lines and highlights of the buffer, which was unloaded

---@type table<integer, repl_connect.Log>
local logs = {}
local highlights = vim.api.nvim_create_namespace('repl_connect_log')

local function highlight(buffer, row, end_row, group)
  vim.api.nvim_buf_set_extmark(buffer, highlights, row, 0, { end_row = end_row, hl_group = group, priority = 200 })
end

-- The syntax of what is spoken there: the first filetype of its language that Neovim can highlight.
local function syntax_of(connection)
  local names = vim.tbl_keys(connection.own or {})
  table.sort(names)
  for _, name in ipairs(names) do
    if #vim.api.nvim_get_runtime_file('syntax/' .. name .. '.vim', false) > 0 then
      return name
    end
  end
  return names[1] or ''
end

local function save(log)
  local buffer = log.buffer
  log.saved = { lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false), highlights = {} }
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, highlights, 0, -1, { details = true })) do
    table.insert(log.saved.highlights, { mark[2], mark[4].end_row, mark[4].hl_group })
  end
end

local function restore(log)
  local saved = log.saved
  log.saved = nil
  if saved ~= nil then
    vim.api.nvim_buf_set_lines(log.buffer, 0, -1, false, saved.lines)
    for _, each in ipairs(saved.highlights) do
      highlight(log.buffer, unpack(each))
    end
  end
end

local function make(log)
  local connection = log.connection
  local buffer = log.buffer
  if buffer == nil or not vim.api.nvim_buf_is_valid(buffer) then
    buffer = vim.api.nvim_create_buf(false, true)
    local name = 'repl-connect://' .. connection.address
    if not pcall(vim.api.nvim_buf_set_name, buffer, name) then
      vim.api.nvim_buf_set_name(buffer, ('%s (%d)'):format(name, connection.number))
    end
  end
  log.buffer = buffer
  vim.bo[buffer].buftype = 'nofile'
  vim.fn.bufload(buffer)
  vim.bo[buffer].buflisted = false
  vim.bo[buffer].swapfile = false
  vim.bo[buffer].bufhidden = 'hide'
  vim.bo[buffer].undolevels = -1
  vim.b[buffer].repl_connect_connection = connection.number
  vim.bo[buffer].filetype = 'repl-connect-log'
  require('repl_connect.maps').attach(buffer)
  vim.bo[buffer].modifiable = true
  restore(log)
  vim.bo[buffer].modifiable = false
  vim.api.nvim_create_autocmd('BufUnload', {
    buffer = buffer,
    once = true,
    callback = function()
      save(log)
    end,
  })
end

-- The log of an earlier connection to the same, which is gone.
local function left_behind(connection)
  for number, log in pairs(logs) do
    local other = log.connection
    local is_gone = require('repl_connect.connections').get(number) == nil
    if is_gone and other.address == connection.address and other.directory == connection.directory then
      logs[number] = nil
      if log.buffer ~= nil and vim.api.nvim_buf_is_valid(log.buffer) then
        vim.b[log.buffer].repl_connect_connection = connection.number
      end
      return log
    end
  end
  return nil
end

local function log_of(connection)
  local log = logs[connection.number]
  if log == nil then
    log = left_behind(connection) or { entries = {}, dropped = 0 }
    log.connection = connection
    logs[connection.number] = log
  end
  if log.buffer == nil or not vim.api.nvim_buf_is_loaded(log.buffer) then
    make(log)
  end
  local syntax = syntax_of(connection)
  if syntax ~= '' and vim.bo[log.buffer].syntax ~= syntax then
    -- Not its filetype: those of some languages start an interpreter, which takes a second.
    vim.api.nvim_buf_call(log.buffer, function()
      vim.bo.syntax = syntax
      -- Looking far back for where a string begins would take seconds at the end of a long log.
      vim.cmd('silent! syntax sync clear | silent! syntax sync maxlines=50')
    end)
  end
  return log
end

-- The start of a line, and whether that is not all of it.
local function shortened(line)
  if #line <= LONGEST then
    return line, false
  end
  return bytes.first(line, LONGEST), true
end

local REST = {
  value = ' … :ReplValue shows the rest of this line',
  code = ' … the rest of this line is left out here',
  note = ' …',
  out = ' … the rest of this line is left out: it has more than 10,000 bytes',
}
REST.err = REST.out

-- Add an entry to the lines that are about to be put in; whether its first one goes on with the last.
local function compose(log, entry, lines)
  local kind = entry.kind
  local comment = kind ~= 'code' and log.connection.comment_prefix or ''
  local parts = vim.split(entry.text, '\n', { plain = true })
  local finished = parts[#parts] == ''
  if finished then
    table.remove(parts)
  end
  local goes_on = log.open == kind
  if (kind == 'value' or kind == 'code') and #parts > MOST_LINES then
    local more = #parts - MOST_LINES
    parts = vim.list_slice(parts, 1, MOST_LINES)
    local where = kind == 'value' and ': :ReplValue shows them' or ''
    table.insert(parts, ('%s… %d more lines%s'):format(kind == 'code' and comment or '', more, where))
  end
  for index, part in ipairs(parts) do
    local joined = index == 1 and goes_on
    local line
    if joined and log.full then
      line = lines[#lines]
    else
      local before = joined and lines[#lines] or comment .. ((index == 1 and FIRST or FURTHER)[kind] or '')
      local cut
      line, cut = shortened(before .. part)
      log.full = cut
      if cut then
        line = line .. REST[kind]
      end
    end
    lines[joined and #lines or #lines + 1] = line
  end
  if finished or (kind ~= 'out' and kind ~= 'err') then
    log.open, log.full = nil, nil
  elseif #parts > 0 then
    log.open = kind
  end
end

-- Drop the oldest lines: a tenth more than there have to go, so that it is not done for each line.
local function trim(log)
  local buffer = log.buffer
  local most = math.max(settings.get('log_lines'), 10)
  local count = vim.api.nvim_buf_line_count(buffer)
  if count <= most then
    return
  end
  local first = log.dropped > 0 and 1 or 0
  local last = first + count - math.floor(most * 0.9)
  local straddling = vim.api.nvim_buf_get_extmarks(
    buffer,
    highlights,
    { last - 1, -1 },
    { 0, 0 },
    { details = true, limit = 1 }
  )[1]
  vim.api.nvim_buf_clear_namespace(buffer, highlights, 0, last)
  if straddling ~= nil and straddling[4].end_row > last then
    highlight(buffer, last, straddling[4].end_row, straddling[4].hl_group)
  end
  log.dropped = log.dropped + last - first
  vim.api.nvim_buf_set_lines(buffer, 0, last, false, {
    ('%s… %d lines were dropped; g:repl_connect_log_lines is how many are kept: %d.'):format(
      log.connection.comment_prefix or '',
      log.dropped,
      most
    ),
  })
  highlight(buffer, 0, 1, HIGHLIGHTS.note)
end

local function flush(log)
  local entries = log.entries
  if #entries == 0 then
    return
  end
  log.entries = {}
  log_of(log.connection) -- it may have been unloaded meanwhile
  local buffer = log.buffer
  local count = vim.api.nvim_buf_line_count(buffer)
  local following = {}
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    if vim.api.nvim_win_get_cursor(window)[1] == count then
      table.insert(following, window)
    end
  end
  local first = count
  local lines = {}
  local final = vim.api.nvim_buf_get_lines(buffer, count - 1, count, false)[1]
  if log.open ~= nil then
    first = count - 1
    lines[1] = final
  elseif count == 1 and final == '' then
    first = 0
  end
  local runs = {}
  for _, entry in ipairs(entries) do
    local from = #lines
    compose(log, entry, lines)
    if HIGHLIGHTS[entry.kind] ~= nil and #lines > from then
      local last = runs[#runs]
      if last ~= nil and last.kind == entry.kind and last.to == from then
        last.to = #lines
      else
        table.insert(runs, { kind = entry.kind, from = from, to = #lines })
      end
    end
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, first, -1, false, lines)
  for _, run in ipairs(runs) do
    highlight(buffer, first + run.from, first + run.to, HIGHLIGHTS[run.kind])
  end
  trim(log)
  vim.bo[buffer].modifiable = false
  count = vim.api.nvim_buf_line_count(buffer)
  for _, window in ipairs(following) do
    vim.api.nvim_win_set_cursor(window, { count, 0 })
  end
end

local append
function append(connection, kind, text, place)
  local log = log_of(connection)
  if place ~= nil and (place ~= log.place or kind == 'code') then
    -- Several pieces of code may have been sent before the first is done.
    log.place = place
    append(connection, 'note', place .. '\n')
  end
  table.insert(log.entries, { kind = kind, text = text })
  if #log.entries == 1 then
    vim.schedule(function()
      flush(log)
    end)
  end
end

--- The log's buffer, made if there is none.
---@param connection repl_connect.Connection
---@return integer
function M.buffer(connection)
  return log_of(connection).buffer
end

--- Add output. A line that is not finished goes on with what comes next.
---@param connection repl_connect.Connection
---@param stream string `out`, `err`, or `note` for a sentence of ours
---@param text string
---@param place string|nil where the code is from that it is about
function M.output(connection, stream, text, place)
  append(connection, HIGHLIGHTS[stream] ~= nil and stream or 'out', text, place)
end

--- Add code that was sent.
---@param connection repl_connect.Connection
---@param code string
---@param place string|nil where it is from
function M.code(connection, code, place)
  append(connection, 'code', code .. '\n', place)
end

--- Add a value.
---@param connection repl_connect.Connection
---@param text string
---@param place string|nil where the code is from that has it
function M.value(connection, text, place)
  append(connection, 'value', text .. '\n', place)
end

--- Add a sentence of ours.
---@param connection repl_connect.Connection
---@param text string
---@param place string|nil where the code is from that it is about
function M.note(connection, text, place)
  append(connection, 'note', text .. '\n', place)
end

--- Show the log of a connection in a window.
---@param connection repl_connect.Connection
function M.open(connection)
  local log = log_of(connection)
  flush(log)
  local window = vim.fn.win_findbuf(log.buffer)[1]
  if window ~= nil then
    vim.api.nvim_set_current_win(window)
    return
  end
  vim.cmd('botright split')
  vim.api.nvim_win_set_buf(0, log.buffer)
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(log.buffer), 0 })
  vim.cmd('normal! zb')
end

return M
