--- What is sent of a buffer: a range, the form at a place, the whole; and the last of it again.
---
--- Nothing here touches the cursor, a mark, a register or the view.
local M = {}

local connections = require('repl_connect.connections')
local evaluations = require('repl_connect.evaluations')
local marks = require('repl_connect.marks')
local notices = require('repl_connect.notices')
local surroundings = require('repl_connect.surroundings')

---@class repl_connect.Wanted
---@field buffer integer
---@field unit string `range`, or what the host finds by itself: `form`, `root`, `cell`, …
---@field row integer rows are from 0, columns in bytes from 0
---@field column integer
---@field end_row integer|nil of a range; its end is exclusive
---@field end_column integer|nil
---@field lines boolean|nil the range is whole lines
---@field columns integer[]|nil the range is a block: its display columns from 0, the end exclusive

local MOST_LINES = 50000 -- of a buffer; in a larger one only what is near is looked at
local NEAR = 5000
local MOST_BYTES = 16 * 1024 * 1024 -- that are sent at once

-- Where the last thing is that was sent. A line put in above moves both ends down; what is typed at
-- the end belongs to it.
local traces = vim.api.nvim_create_namespace('repl_connect_sent')
local last = nil

local function line_at(buffer, row)
  return vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
end

-- The part of a line that is in a block. A tab of which only a part is in it becomes blanks.
local function cut(line, columns)
  local left, right = columns[1], columns[2]
  local kept = {}
  local from = 0
  for _, character in ipairs(vim.fn.split(line, '\\zs')) do
    local to = from + vim.fn.strdisplaywidth(character, from)
    if from >= left and (to <= right or character ~= '\t') and from < right then
      table.insert(kept, character)
    elseif to > left and from < right then
      table.insert(kept, (' '):rep(math.min(to, right) - math.max(from, left)))
    end
    from = to
    if from >= right then
      break
    end
  end
  return table.concat(kept)
end

-- The text that the host looks at, and its first row; nil if it is too much.
local function text_around(wanted)
  local buffer = wanted.buffer
  local count = vim.api.nvim_buf_line_count(buffer)
  local from, to = 0, count
  if count > MOST_LINES and wanted.unit ~= 'buffer' then
    from = math.max(0, wanted.row - NEAR)
    to = math.min(count, (wanted.end_row or wanted.row) + NEAR)
  end
  local size = vim.api.nvim_buf_get_offset(buffer, to) - vim.api.nvim_buf_get_offset(buffer, from)
  if size > MOST_BYTES then
    return nil
  end
  local lines = vim.api.nvim_buf_get_lines(buffer, from, to, false)
  if wanted.columns ~= nil then
    for row = wanted.row, wanted.end_row do
      lines[row - from + 1] = cut(lines[row - from + 1], wanted.columns)
    end
  end
  return table.concat(lines, '\n'), from, lines
end

local function fields(buffer, unit, row, column)
  return {
    unit = unit,
    filetype = vim.bo[buffer].filetype,
    path = surroundings.path(buffer),
    row = row,
    column = column,
  }
end

local function trace(wanted, evaluation)
  if last ~= nil and last.buffer ~= nil and vim.api.nvim_buf_is_valid(last.buffer) then
    vim.api.nvim_buf_clear_namespace(last.buffer, traces, 0, -1)
  end
  last = {
    buffer = wanted.buffer,
    wanted = wanted,
    evaluation = evaluation,
    start = vim.api.nvim_buf_set_extmark(wanted.buffer, traces, wanted.row, wanted.column, {}),
  }
  if wanted.unit == 'range' then
    last.finish = vim.api.nvim_buf_set_extmark(
      wanted.buffer,
      traces,
      wanted.end_row,
      math.min(wanted.end_column, #line_at(wanted.buffer, wanted.end_row)),
      { right_gravity = not wanted.lines }
    )
  end
end

---@param wanted repl_connect.Wanted
---@return repl_connect.Evaluation|nil
local function send(wanted)
  local buffer = wanted.buffer
  local request = fields(buffer, wanted.unit, wanted.row, wanted.column)
  local text, from, lines = text_around(wanted)
  if text == nil then
    notices.say('that is more than 16 MiB: nothing was sent.', vim.log.levels.WARN)
    return nil
  end
  request.text, request.first_row = text, from
  request.end_row, request.end_column = wanted.end_row, wanted.end_column
  if wanted.columns ~= nil then
    request.column = 0
    request.end_column = #lines[wanted.end_row - from + 1]
  end
  local span = require('repl_connect.treesitter').span(buffer, wanted.unit, wanted.row, wanted.column)
  if span ~= nil then
    request.unit = 'range'
    request.row, request.column, request.end_row, request.end_column = unpack(span)
  end
  -- Until the host has told what is meant, it is the lines that it is asked for.
  local end_row = wanted.end_row or wanted.row
  local anchor = marks.anchor(buffer, wanted.row, 0, end_row, #line_at(buffer, end_row))
  local evaluation = evaluations.send(request, { buffer = buffer, anchor = anchor })
  if evaluation == nil then
    marks.release(anchor)
    return nil
  end
  trace(wanted, evaluation)
  return evaluation
end

--- Send whole lines.
---@param first integer counted from 1
---@param final integer the last one
---@return repl_connect.Evaluation|nil
function M.lines(first, final)
  local buffer = vim.api.nvim_get_current_buf()
  final = math.min(final, vim.api.nvim_buf_line_count(buffer))
  return send({
    buffer = buffer,
    unit = 'range',
    row = first - 1,
    column = 0,
    end_row = final - 1,
    end_column = #line_at(buffer, final - 1),
    lines = true,
  })
end

--- Send from one place of the current buffer up to another. Rows from 0, columns in bytes from 0.
---@param row integer
---@param column integer
---@param end_row integer
---@param end_column integer exclusive
---@param columns integer[]|nil only what is in these display columns: from 0, the end exclusive
---@return repl_connect.Evaluation|nil
function M.range(row, column, end_row, end_column, columns)
  return send({
    buffer = vim.api.nvim_get_current_buf(),
    unit = 'range',
    row = row,
    column = column,
    end_row = end_row,
    end_column = end_column,
    columns = columns,
  })
end

--- Send what is at a place: `form`, `root`, `cell`, `word`, `paragraph`, `line`, `buffer`.
---@param unit string
---@param row integer|nil from 0; the cursor's if it is left out
---@param column integer|nil bytes, from 0
---@return repl_connect.Evaluation|nil
function M.unit(unit, row, column)
  if row == nil then
    row, column = unpack(vim.api.nvim_win_get_cursor(0))
    row = row - 1
  end
  return send({ buffer = vim.api.nvim_get_current_buf(), unit = unit, row = row, column = column })
end

--- Send code that stands nowhere.
---@param code string
---@param options table|nil those of `evaluations.send`
---@return repl_connect.Evaluation|nil
function M.code(code, options)
  local evaluation = evaluations.send({ unit = 'code', code = code }, options or {})
  if evaluation ~= nil then
    last = { code = code, options = options, evaluation = evaluation }
  end
  return evaluation
end

--- Load the file of a buffer, as it is on disk.
---@param buffer integer|nil the current one if it is left out
---@return repl_connect.Evaluation|nil
function M.file(buffer)
  buffer = buffer or vim.api.nvim_get_current_buf()
  local request = fields(buffer, 'file', 0, 0)
  if request.path == '' then
    notices.say('no file to load: :ReplEvalBuffer sends the text.', vim.log.levels.WARN)
    return nil
  end
  if vim.bo[buffer].modified then
    notices.say('loaded from disk, without the unwritten changes.')
  end
  local final = vim.api.nvim_buf_line_count(buffer) - 1
  local anchor = marks.anchor(buffer, 0, 0, final, #line_at(buffer, final))
  local evaluation = evaluations.send(request, { buffer = buffer, anchor = anchor })
  if evaluation == nil then
    marks.release(anchor)
    return nil
  end
  last = { file = buffer, buffer = buffer }
  return evaluation
end

-- What was wanted the last time, as it is in the text by now; nil if that is gone.
local function moved()
  local wanted = vim.deepcopy(last.wanted)
  local function at(mark)
    return unpack(vim.api.nvim_buf_get_extmark_by_id(last.buffer, traces, mark, {}))
  end
  wanted.row, wanted.column = at(last.start)
  if wanted.row == nil then
    return nil
  end
  if wanted.unit ~= 'range' then
    -- The form's start is a better place to look for it than where the cursor was: that may have
    -- been in an inner form which was not there then.
    local row, column = marks.place(last.evaluation.anchor)
    if row ~= nil and last.evaluation.code ~= '' then
      wanted.row, wanted.column = row, column
    end
    return wanted
  end
  wanted.end_row, wanted.end_column = at(last.finish)
  if wanted.lines then
    wanted.column, wanted.end_column = 0, #line_at(last.buffer, wanted.end_row)
  end
  if wanted.end_row < wanted.row then
    return nil
  end
  return wanted
end

--- Send the last thing again: a piece of a buffer as it is by now, wherever the cursor is.
---@return repl_connect.Evaluation|nil
function M.again()
  if last == nil then
    notices.say('nothing was sent yet, so there is nothing to repeat.', vim.log.levels.WARN)
    return nil
  end
  if last.code ~= nil then
    local options = vim.tbl_extend('keep', {}, last.options or {})
    if connections.get(last.evaluation.connection) ~= nil then
      options.connection = last.evaluation.connection
    end
    return M.code(last.code, options)
  end
  local wanted = nil
  if vim.api.nvim_buf_is_loaded(last.buffer) then
    if last.file ~= nil then
      return M.file(last.file)
    end
    wanted = moved()
  end
  if wanted == nil then
    notices.say('what was sent the last time is not there any more.', vim.log.levels.WARN)
    return nil
  end
  return send(wanted)
end

return M
