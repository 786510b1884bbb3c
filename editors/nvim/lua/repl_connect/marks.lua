--- What stands beside the code: results, and the light on what was sent. All of it follows edits.
---
--- An anchor is a span of a buffer. A result stays for as long as the text of its span does: edits
--- elsewhere move it, an edit of the span takes it away.
local M = {}

local settings = require('repl_connect.settings')
local widths = require('repl_connect.widths')

local results = vim.api.nvim_create_namespace('repl_connect_results')
local anchors = vim.api.nvim_create_namespace('repl_connect_anchors')
local lights = vim.api.nvim_create_namespace('repl_connect_lights')

local COMPARED = 2000 -- lines of a span; in a longer one every touched line counts as an edit
local LEAST_WIDTH = 12 -- columns of a result, however long its line is

---@class repl_connect.Anchor
---@field buffer integer
---@field row integer where it began when it was made
---@field start integer extmark
---@field finish integer extmark
---@field result integer|nil the extmark of what is shown
---@field order integer grows with every anchor: on one line the newest is shown
---@field text string|nil the span's text since its result is shown; nil if that is not final
---@field follower string|nil the character behind the span since then
---@field long boolean|nil the span is too long for `text`

---@type table<integer, table<integer, repl_connect.Anchor>> buffer -> result -> anchor
local shown = {}
local touched = {}
local last_order = 0

require('repl_connect.highlights').define()

local function clipped(buffer, row, column)
  local last = vim.api.nvim_buf_line_count(buffer) - 1
  if row > last then
    row, column = last, math.huge
  end
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
  return row, math.min(column, #line)
end

--- Remember a span of a buffer, which follows edits. Positions are from 0, columns in bytes.
---@param buffer integer
---@param row integer
---@param column integer
---@param end_row integer
---@param end_column integer exclusive
---@return repl_connect.Anchor for the others here
function M.anchor(buffer, row, column, end_row, end_column)
  row, column = clipped(buffer, row, column)
  end_row, end_column = clipped(buffer, end_row, end_column)
  last_order = last_order + 1
  return {
    buffer = buffer,
    row = row,
    order = last_order,
    start = vim.api.nvim_buf_set_extmark(buffer, anchors, row, column, {}),
    finish = vim.api.nvim_buf_set_extmark(buffer, anchors, end_row, end_column, {
      -- What is typed after the code is not the code's, but a line put in above moves it.
      right_gravity = end_column == 0,
    }),
  }
end

local function position(anchor, mark)
  if not vim.api.nvim_buf_is_loaded(anchor.buffer) then
    return nil
  end
  local found = vim.api.nvim_buf_get_extmark_by_id(anchor.buffer, anchors, mark, {})
  return found[1], found[2]
end

--- Where an anchor is by now; nil when it has gone, as with its buffer.
---@param anchor repl_connect.Anchor
---@return integer|nil row, integer|nil column, integer|nil end_row, integer|nil end_column
function M.place(anchor)
  local row, column = position(anchor, anchor.start)
  local end_row, end_column = position(anchor, anchor.finish)
  if row == nil or end_row == nil then
    return nil
  end
  if end_row < row or (end_row == row and end_column < column) then
    end_row, end_column = row, column
  end
  return row, column, end_row, end_column
end

--- The text that an anchor spans by now; nil when it has gone.
---@param anchor repl_connect.Anchor
---@return string|nil
function M.text(anchor)
  local row, column, end_row, end_column = M.place(anchor)
  if row == nil then
    return nil
  end
  local lines = vim.api.nvim_buf_get_lines(anchor.buffer, row, end_row + 1, false)
  lines[#lines] = lines[#lines]:sub(1, end_column)
  lines[1] = lines[1]:sub(column + 1)
  return table.concat(lines, '\n')
end

--- Light up the span of an anchor for a moment.
---@param anchor repl_connect.Anchor
function M.flash(anchor)
  local time = settings.get('flash', anchor.buffer)
  local row, column, end_row, end_column = M.place(anchor)
  if row == nil or not time or time <= 0 then
    return
  end
  local light = vim.api.nvim_buf_set_extmark(anchor.buffer, lights, row, column, {
    end_row = end_row,
    end_col = end_column,
    hl_group = 'ReplConnectFlash',
  })
  vim.defer_fn(function()
    if vim.api.nvim_buf_is_valid(anchor.buffer) then
      vim.api.nvim_buf_del_extmark(anchor.buffer, lights, light)
    end
  end, time)
end

local function hide(anchor)
  if anchor.result == nil then
    return
  end
  if vim.api.nvim_buf_is_valid(anchor.buffer) then
    vim.api.nvim_buf_del_extmark(anchor.buffer, results, anchor.result)
  end
  if shown[anchor.buffer] ~= nil then
    shown[anchor.buffer][anchor.result] = nil
  end
  anchor.result, anchor.text, anchor.long = nil, nil, nil
end

-- The character behind the span: empty at the end of a line.
local function follower(anchor)
  local _, _, end_row, end_column = M.place(anchor)
  local line = vim.api.nvim_buf_get_lines(anchor.buffer, end_row, end_row + 1, false)[1] or ''
  return line:sub(end_column + 1, end_column + 1)
end

-- Whether something was put directly behind the code, so that it is another code: `x` and `x1`.
local function is_longer(anchor)
  local now = follower(anchor)
  return now ~= anchor.follower and now:find('%S') ~= nil
end

local function is_stale(anchor, first, last)
  local row, column, end_row, end_column = M.place(anchor)
  if row == nil or (row == end_row and column == end_column) then
    return true
  end
  if end_row < first - 1 or row > last then
    return false
  end
  if anchor.long then
    return first <= end_row and last > row
  end
  return anchor.text ~= nil and (M.text(anchor) ~= anchor.text or is_longer(anchor))
end

local function check(buffer)
  local range = touched[buffer]
  touched[buffer] = nil
  if range == nil or shown[buffer] == nil then
    return
  end
  for _, anchor in pairs(vim.tbl_extend('error', {}, shown[buffer])) do
    if is_stale(anchor, range.first, range.last) then
      hide(anchor)
    end
  end
end

local function touch(buffer, first, last, new_last)
  local range = touched[buffer]
  if range == nil then
    touched[buffer] = { first = first, last = new_last }
    vim.schedule(function()
      check(buffer)
    end)
    return
  end
  if range.last >= last then
    range.last = range.last + new_last - last
  end
  range.first = math.min(range.first, first)
  range.last = math.max(range.last, new_last)
end

local function forget(buffer)
  for _, anchor in pairs(vim.tbl_extend('error', {}, shown[buffer] or {})) do
    hide(anchor)
  end
  if vim.api.nvim_buf_is_valid(buffer) then
    vim.api.nvim_buf_clear_namespace(buffer, anchors, 0, -1)
  end
end

local function watch(buffer)
  if shown[buffer] ~= nil then
    return
  end
  shown[buffer] = {}
  vim.api.nvim_buf_attach(buffer, false, {
    on_lines = function(_, _, _, first, last, new_last)
      if shown[buffer] == nil then
        return true
      end
      if next(shown[buffer]) ~= nil then
        touch(buffer, first, last, new_last)
      end
    end,
    on_reload = function()
      forget(buffer)
    end,
    on_detach = function()
      forget(buffer)
      shown[buffer] = nil
    end,
  })
end

--- The columns that there are for a result after a line, in the narrowest window that shows it.
local function room(buffer, row)
  local most = settings.get('value_width', buffer)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
  local used = vim.fn.strdisplaywidth(line:sub(1, 10000))
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    local info = vim.fn.getwininfo(window)[1]
    local width = info.width - (info.textoff or 0)
    local after = vim.wo[window].wrap and used % width or used
    -- A sign of an error may take two columns at any time.
    local signs = vim.wo[window].signcolumn:find('^auto') ~= nil and 2 or 0
    most = math.min(most, width - after - 1 - signs)
  end
  return math.max(most, LEAST_WIDTH)
end

--- Show chunks (`{text, highlight}` each) at the end of the anchor's last line, in place of what
--- has been shown on that line before it; they are cut to the width that there is.
---@param anchor repl_connect.Anchor
---@param chunks table[]
---@param still_runs boolean|nil it is no result: it stays when the code is edited
---@return boolean whether it is shown; it is not where something newer is
function M.show(anchor, chunks, still_runs)
  local row, column, end_row, end_column = M.place(anchor)
  if row == nil or (row == end_row and column == end_column) then
    hide(anchor) -- the code was deleted
    return false
  end
  watch(anchor.buffer)
  if end_column == 0 and end_row > row then
    -- The anchor ends after that line's newline.
    end_row = end_row - 1
    end_column = #vim.api.nvim_buf_get_lines(anchor.buffer, end_row, end_row + 1, false)[1]
  end
  local there = vim.api.nvim_buf_get_extmarks(anchor.buffer, results, { end_row, 0 }, { end_row, -1 }, {})
  for _, mark in ipairs(there) do
    local other = shown[anchor.buffer][mark[1]]
    if other ~= nil and other.order > anchor.order then
      return false
    end
    if other ~= nil then
      hide(other)
    end
  end
  hide(anchor)
  anchor.result = vim.api.nvim_buf_set_extmark(anchor.buffer, results, end_row, end_column, {
    virt_text = widths.cut_chunks(chunks, room(anchor.buffer, end_row)),
    virt_text_pos = 'eol',
    hl_mode = 'combine',
    right_gravity = end_column == 0,
  })
  shown[anchor.buffer][anchor.result] = anchor
  if not still_runs then
    anchor.long = end_row - row > COMPARED
    anchor.text = not anchor.long and M.text(anchor) or nil
    anchor.follower = follower(anchor)
  end
  return true
end

--- The anchor of the result that is shown on a row, from 0; nil if there is none.
---@param buffer integer
---@param row integer
---@return repl_connect.Anchor|nil
function M.at(buffer, row)
  local marks = vim.api.nvim_buf_get_extmarks(buffer, results, { row, 0 }, { row, -1 }, {})
  local newest = nil
  for _, mark in ipairs(marks) do
    local anchor = (shown[buffer] or {})[mark[1]]
    if anchor ~= nil and (newest == nil or anchor.order > newest.order) then
      newest = anchor
    end
  end
  return newest
end

--- Take an anchor away. What was shown goes too, for nothing would tell when it is stale.
---@param anchor repl_connect.Anchor
function M.release(anchor)
  hide(anchor)
  if vim.api.nvim_buf_is_loaded(anchor.buffer) then
    vim.api.nvim_buf_del_extmark(anchor.buffer, anchors, anchor.start)
    vim.api.nvim_buf_del_extmark(anchor.buffer, anchors, anchor.finish)
  end
end

--- Take away what is shown in lines `first` to `last` (exclusive) of a buffer, all if left out.
---@param buffer integer
---@param first integer|nil
---@param last integer|nil
function M.clear(buffer, first, last)
  buffer = buffer == 0 and vim.api.nvim_get_current_buf() or buffer
  last = last or -1
  local stop = last < 0 and -1 or { last - 1, -1 }
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, results, { first or 0, 0 }, stop, {})) do
    local anchor = (shown[buffer] or {})[mark[1]]
    if anchor ~= nil then
      hide(anchor)
    end
  end
  vim.api.nvim_buf_clear_namespace(buffer, results, first or 0, last)
end

--- The first line of a text, for a place that has one line: with `…` if there is more.
---@param text string
---@return string
function M.first_line(text)
  return widths.first_line(text, settings.get('value_width'))
end

return M
