--- Values put into the text: as a comment after the code, or in the code's place.
local M = {}

local bytes = require('repl_connect.bytes')
local marks = require('repl_connect.marks')
local notices = require('repl_connect.notices')

local SIGN = '=> '
local FURTHER = '   '
local LONGEST = 1000 -- bytes of a line of a comment
local MOST_LINES = 50

local function say(text)
  notices.say(text, vim.log.levels.WARN)
end

-- Evaluate a unit; `put(evaluation, value)` when it has a value and its code is as it was sent.
local function evaluate(unit, put)
  local evaluation = require('repl_connect.sending').unit(unit)
  if evaluation == nil then
    return
  end
  evaluation.after = function()
    local value = evaluation.values[#evaluation.values]
    if evaluation.status ~= 'ok' then
      return -- that is shown beside the code
    elseif value == nil then
      say('there is no value, so the text stays as it is.')
    elseif not vim.api.nvim_buf_is_loaded(evaluation.buffer) then
      say('the buffer was closed meanwhile. :ReplHistory has the value.')
    elseif not vim.bo[evaluation.buffer].modifiable then
      say('the buffer can not be modified. :ReplYank puts the value into a register.')
    elseif marks.text(evaluation.anchor) ~= evaluation.code then
      say('the code was edited meanwhile, so the text stays as it is. :ReplHistory has the value.')
    else
      put(evaluation, value)
    end
  end
end

--- Evaluate what is at the cursor, and put its value in its place, if it has one and the code was
--- not edited meanwhile.
---@param unit string
function M.replace(unit)
  evaluate(unit, function(evaluation, value)
    if evaluation.cut then
      say('the value was cut, so the text stays as it is. :ReplValue shows it.')
      return
    end
    local row, column, end_row, end_column = marks.place(evaluation.anchor)
    local lines = vim.split(value, '\n', { plain = true })
    vim.api.nvim_buf_set_text(evaluation.buffer, row, column, end_row, end_column, lines)
  end)
end

local function starts(line, start)
  return line:sub(1, #start) == start
end

-- The comment of an earlier time after the code that ends at a place: where it starts in that line,
-- and the row after it.
local function earlier(buffer, row, column, indent, comment)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1]
  local start = line:find(comment .. SIGN, column + 1, true)
  if start ~= nil then
    return #line:sub(1, start - 1):gsub('%s+$', ''), row + 1
  end
  local next_row = row + 1
  local expected = indent .. comment .. SIGN
  while true do
    local further = vim.api.nvim_buf_get_lines(buffer, next_row, next_row + 1, false)[1]
    if further == nil or not starts(further, expected) then
      return #line, next_row
    end
    next_row = next_row + 1
    expected = indent .. comment .. FURTHER
  end
end

local function cut(line)
  if #line <= LONGEST then
    return line
  end
  return bytes.first(line, LONGEST) .. '…'
end

--- Evaluate what is at the cursor, and put its value into a comment: at the end of its last line, or
--- below that if the value has several. A comment that was put there before is replaced.
---@param unit string
function M.comment(unit)
  evaluate(unit, function(evaluation, value)
    local comment = evaluation.comment_prefix
    if comment == nil or comment == '' then
      say('how a comment is written in this language is not known. :ReplYank puts the value into a register.')
      return
    end
    local buffer = evaluation.buffer
    local row, _, end_row, end_column = marks.place(evaluation.anchor)
    local line = vim.api.nvim_buf_get_lines(buffer, end_row, end_row + 1, false)[1]
    local indent = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1]:match('^%s*')
    local start, next_row = earlier(buffer, end_row, end_column, indent, comment)
    local parts = vim.split(value, '\n', { plain = true })
    local more = #parts - MOST_LINES
    if more > 0 then
      parts = vim.list_slice(parts, 1, MOST_LINES)
      table.insert(parts, ('… %d more lines'):format(more))
    end
    local lines = {}
    if #parts == 1 then
      lines[1] = '  ' .. comment .. SIGN .. cut(parts[1])
    else
      lines[1] = ''
      for index, part in ipairs(parts) do
        table.insert(lines, indent .. comment .. (index == 1 and SIGN or FURTHER) .. cut(part))
      end
    end
    local last = vim.api.nvim_buf_get_lines(buffer, next_row - 1, next_row, false)[1] or line
    vim.api.nvim_buf_set_text(buffer, end_row, start, next_row - 1, #last, lines)
  end)
end

return M
