--- Errors in place: as diagnostics, and with their frames in the quickfix list.
---
--- A diagnostic stays until what failed, or the line it is on, is evaluated again.
local M = {}

local marks = require('repl_connect.marks')
local settings = require('repl_connect.settings')

local namespace = vim.api.nvim_create_namespace('repl_connect_problems')
local places = vim.api.nvim_create_namespace('repl_connect_problem_places')

local MOST = 1000 -- problems of one buffer; the oldest go
local LOOKED_UP = 30 -- files of frames that are looked for on disk

---@class repl_connect.Problem
---@field place integer extmark
---@field text string
---@field source repl_connect.Anchor|nil what was evaluated

---@type table<integer, repl_connect.Problem[]> by buffer
local problems = {}
local list = nil -- the id of the quickfix list that is ours

local function row_of(buffer, problem)
  return vim.api.nvim_buf_get_extmark_by_id(buffer, places, problem.place, {})[1]
end

local function refresh(buffer)
  if not vim.api.nvim_buf_is_loaded(buffer) then
    problems[buffer] = nil
    return
  end
  local diagnostics = {}
  for _, problem in ipairs(problems[buffer] or {}) do
    local row = row_of(buffer, problem)
    if row ~= nil then
      local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
      table.insert(diagnostics, {
        lnum = row,
        col = #line:match('^%s*'),
        end_lnum = row,
        end_col = #line,
        message = problem.text,
        severity = vim.diagnostic.severity.ERROR,
        source = 'repl-connect',
      })
    end
  end
  -- The result beside the code says it already.
  vim.diagnostic.set(namespace, buffer, diagnostics, { virtual_text = false })
end

local function take(buffer, wanted)
  local kept, taken = {}, false
  for _, problem in ipairs(problems[buffer] or {}) do
    if wanted(problem) then
      vim.api.nvim_buf_del_extmark(buffer, places, problem.place)
      taken = true
    else
      table.insert(kept, problem)
    end
  end
  if taken then
    problems[buffer] = #kept > 0 and kept or nil
    refresh(buffer)
  end
end

local function take_everywhere(wanted)
  for _, buffer in ipairs(vim.tbl_keys(problems)) do
    if vim.api.nvim_buf_is_loaded(buffer) then
      take(buffer, wanted)
    else
      problems[buffer] = nil
    end
  end
end

--- Take the diagnostics of a buffer away, and those elsewhere that what is in it has caused.
---@param buffer integer
function M.clear(buffer)
  take_everywhere(function(problem)
    return problem.source ~= nil and problem.source.buffer == buffer
  end)
  if problems[buffer] ~= nil then
    take(buffer, function()
      return true
    end)
  end
end

--- Take away what an evaluation that begins makes obsolete: its own last error, and what stands
--- where its code is.
---@param evaluation repl_connect.Evaluation
function M.covered(evaluation)
  if next(problems) == nil or evaluation.anchor == nil then
    return
  end
  local row, _, end_row = marks.place(evaluation.anchor)
  if row == nil then
    return
  end
  local buffer = evaluation.buffer
  take_everywhere(function(problem)
    if problem.source == nil or problem.source.buffer ~= buffer then
      return false
    end
    local first, _, last = marks.place(problem.source)
    return first ~= nil and first >= row and last <= end_row
  end)
  if problems[buffer] ~= nil then
    take(buffer, function(problem)
      local at = row_of(buffer, problem)
      return at ~= nil and row <= at and at <= end_row
    end)
  end
end

local function add(buffer, row, evaluation, text)
  row = math.max(0, math.min(row, vim.api.nvim_buf_line_count(buffer) - 1))
  problems[buffer] = problems[buffer] or {}
  table.insert(problems[buffer], {
    place = vim.api.nvim_buf_set_extmark(buffer, places, row, 0, {}),
    text = text,
    source = evaluation.anchor,
  })
  if #problems[buffer] > MOST then
    local oldest = table.remove(problems[buffer], 1)
    vim.api.nvim_buf_del_extmark(buffer, places, oldest.place)
  end
  refresh(buffer)
end

-- The loaded buffer of a file, whatever the file is called by.
local function buffer_of(path)
  local real = vim.loop.fs_realpath(path)
  if real == nil then
    return nil
  end
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    local name = vim.api.nvim_buf_is_loaded(buffer) and vim.api.nvim_buf_get_name(buffer) or ''
    if name == path or name == real or (name ~= '' and vim.loop.fs_realpath(name) == real) then
      return buffer
    end
  end
end

-- Frames as they are to be shown, innermost first, each with the `buffer` or the `path` it is in.
local function resolved(frames, buffer, first_row)
  local known, looked_up = {}, 0
  local found = {}
  for index = #frames, 1, -1 do
    local frame = vim.tbl_extend('error', {}, frames[index])
    if frame.offset ~= nil and buffer ~= nil then
      frame.buffer = buffer
      frame.row = first_row + frame.offset
    elseif frame.file ~= nil and frame.line ~= nil and vim.startswith(frame.file, '/') then
      if known[frame.file] == nil and looked_up < LOOKED_UP then
        looked_up = looked_up + 1
        known[frame.file] = vim.loop.fs_stat(frame.file) ~= nil
      end
      if known[frame.file] then
        frame.path = frame.file
        frame.row = frame.line - 1
      end
    end
    table.insert(found, frame)
  end
  return found
end

local function item_of(frame)
  local text = 'in ' .. frame.name
  if frame.buffer ~= nil then
    return { bufnr = frame.buffer, lnum = frame.row + 1, text = text, valid = 1 }
  elseif frame.path ~= nil then
    return { filename = frame.path, lnum = frame.row + 1, text = text, valid = 1 }
  end
  if frame.file ~= nil then
    text = text .. ' (' .. frame.file .. (frame.line ~= nil and ':' .. frame.line or '') .. ')'
  end
  return { text = text, valid = 0 }
end

-- Put items into the quickfix list. It does not open. Lists before it are kept (`:colder`), but for
-- the last one of these.
local function set_list(title, items)
  local current = vim.fn.getqflist({ id = 0 }).id
  local what = { title = title, items = items }
  if list ~= nil and current == list then
    vim.fn.setqflist({}, 'r', what)
  else
    vim.fn.setqflist({}, ' ', what)
    list = vim.fn.getqflist({ id = 0 }).id
  end
end

--- Put the frames of an error that is no evaluation's into the quickfix list.
---@param title string
---@param frames table[] innermost last, with `name`, and `file` and `line` as far as known
function M.list(title, frames)
  if settings.get('quickfix') and #frames > 0 then
    set_list(title, vim.tbl_map(item_of, resolved(frames, nil, 0)))
  end
end

-- Where what was sent begins by now: the buffer and the row; nil if it is shown nowhere.
local function origin(evaluation)
  if evaluation.anchor ~= nil then
    local row = marks.place(evaluation.anchor)
    if row ~= nil then
      return evaluation.buffer, row
    end
  elseif evaluation.path ~= nil and evaluation.path ~= '' then
    return buffer_of(evaluation.path), 0
  end
end

--- An error in words: its type, and what it says.
---@param error table the host's message
---@return string
function M.text(error)
  return error.message ~= '' and (error.type .. ': ' .. error.message) or error.type
end

--- Show an error.
---@param evaluation repl_connect.Evaluation
---@param error table the host's message
function M.show(evaluation, error)
  local text = M.text(error)
  local title = text:match('^[^\n]*')
  local buffer, first_row = origin(evaluation)
  local frames = resolved(error.frames, buffer, first_row)
  local items = vim.tbl_map(item_of, frames)
  if buffer ~= nil then
    local row = first_row + (error.offset or 0)
    add(buffer, row, evaluation, text)
    local own = vim.tbl_filter(function(frame)
      return frame.buffer ~= nil
    end, frames)
    if #own == 0 then -- no frame tells where it was sent from
      table.insert(items, { bufnr = buffer, lnum = row + 1, text = title, type = 'E', valid = 1 })
    end
  end
  for _, frame in ipairs(frames) do
    if frame.buffer ~= nil then
      break -- from here on outwards it is where it was sent from
    end
    local other = frame.path ~= nil and buffer_of(frame.path) or nil
    if other ~= nil then
      add(other, frame.row, evaluation, text)
      break
    end
  end
  if settings.get('quickfix', evaluation.buffer) and #items > 0 then
    set_list(title, items)
  end
end

return M
