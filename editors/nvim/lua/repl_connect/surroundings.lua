--- What the host needs of a buffer to answer a question about a place in it: bounded, however large
--- the buffer is.
local M = {}

local bytes = require('repl_connect.bytes')

local LINES = 400 -- before the place
local BYTES = 16000 -- before the place
local REST = 1000 -- bytes of the line behind it
local HEAD_LINES = 100 -- of the buffer's beginning, which says the namespace
local HEAD_BYTES = 8000

-- The lines before the place that are taken, from one that looks like the start of something.
local function lines_before(buffer, row)
  local first = math.max(0, row - LINES)
  local lines = vim.api.nvim_buf_get_lines(buffer, first, row, false)
  local from, size = #lines + 1, 0
  while from > 1 and size + #lines[from - 1] < BYTES do
    from = from - 1
    size = size + #lines[from] + 1
  end
  if first + from > 1 then
    for index = from, #lines do
      if lines[index]:find('^[^%s%)%]}]') then
        from = index
        break
      end
    end
  end
  return vim.list_slice(lines, from), first + from - 1
end

--- The absolute path of a buffer's file; empty if it is of none.
---@param buffer integer
---@return string
function M.path(buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  local is_file = name ~= '' and vim.bo[buffer].buftype == ''
  return is_file and vim.fn.fnamemodify(name, ':p') or ''
end

---@class repl_connect.Surroundings
---@field before string the text up to the place
---@field text string that, and the rest of the line
---@field row integer the place in `text`, from 0
---@field column integer in bytes, from 0
---@field head string how the buffer begins, if that is not in `text`
---@field filetype string
---@field path string of the buffer's file; empty if it is none

--- What is around a place.
---@param buffer integer
---@param row integer from 0
---@param column integer in bytes, from 0
---@return repl_connect.Surroundings
function M.of(buffer, row, column)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
  local lines, first = lines_before(buffer, row)
  local begun = bytes.last(line:sub(1, column), BYTES)
  table.insert(lines, begun)
  local before = table.concat(lines, '\n')
  local head = ''
  if first > 0 then
    local beginning = vim.api.nvim_buf_get_lines(buffer, 0, math.min(first, HEAD_LINES), false)
    head = bytes.first(table.concat(beginning, '\n'), HEAD_BYTES)
  end
  return {
    before = before,
    text = before .. bytes.first(line:sub(column + 1), REST),
    row = #lines - 1,
    column = #begun,
    head = head,
    filetype = vim.bo[buffer].filetype,
    path = M.path(buffer),
  }
end

return M
