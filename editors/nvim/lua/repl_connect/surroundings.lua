--- What the host needs of a buffer to answer a question about a place in it: bounded, however large
--- the buffer is.
local M = {}

local LINES = 400 -- before the place
local BYTES = 16000 -- before the place
local REST = 1000 -- bytes of the line behind it
local HEAD_LINES = 100 -- of the buffer's beginning, which says the namespace
local HEAD_BYTES = 8000

-- Cut from its start, at a character.
local function last_bytes(text, most)
  if #text <= most then
    return text
  end
  text = text:sub(-most)
  return text:sub((text:find('[^\128-\191]')) or 1)
end

-- Cut at its end, at a character.
local function first_bytes(text, most)
  if #text <= most then
    return text
  end
  while most > 0 and text:byte(most + 1) >= 128 and text:byte(most + 1) < 192 do
    most = most - 1
  end
  return text:sub(1, most)
end

-- The lines before the place that are taken, from one that looks like the start of something.
local function lines_before(buffer, row)
  local first = math.max(0, row - LINES)
  local lines = vim.api.nvim_buf_get_lines(buffer, first, row, false)
  local from, bytes = #lines + 1, 0
  while from > 1 and bytes + #lines[from - 1] < BYTES do
    from = from - 1
    bytes = bytes + #lines[from] + 1
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
  local begun = last_bytes(line:sub(1, column), BYTES)
  table.insert(lines, begun)
  local before = table.concat(lines, '\n')
  local head = ''
  if first > 0 then
    local beginning = vim.api.nvim_buf_get_lines(buffer, 0, math.min(first, HEAD_LINES), false)
    head = first_bytes(table.concat(beginning, '\n'), HEAD_BYTES)
  end
  local name = vim.api.nvim_buf_get_name(buffer)
  local is_file = name ~= '' and vim.bo[buffer].buftype == ''
  return {
    before = before,
    text = before .. first_bytes(line:sub(column + 1), REST),
    row = #lines - 1,
    column = #begun,
    head = head,
    filetype = vim.bo[buffer].filetype,
    path = is_file and vim.fn.fnamemodify(name, ':p') or '',
  }
end

return M
