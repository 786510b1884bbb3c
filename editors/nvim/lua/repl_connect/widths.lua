--- Texts cut to the columns that there are for them.
local M = {}

local BYTES = 16 -- of a column, at most; what is beyond is not even looked at

--- The start of a text that has at most so many columns, with `…` in the last if it goes on.
---@param text string
---@param columns integer
---@return string
function M.cut(text, columns)
  local start = text
  if #text > columns * BYTES then
    start = text:sub(1, columns * BYTES)
  elseif vim.fn.strdisplaywidth(text) <= columns then
    return text
  end
  -- Every character has a column, but for those that are put on another.
  local least, most = 0, vim.fn.strchars(start)
  while least < most do
    local middle = math.ceil((least + most) / 2)
    if vim.fn.strdisplaywidth(vim.fn.strcharpart(start, 0, middle)) < columns then
      least = middle
    else
      most = middle - 1
    end
  end
  return vim.fn.strcharpart(start, 0, least) .. '…'
end

--- The first line that has something in it, in at most so many columns, with `…` if there is more.
---@param text string
---@param columns integer
---@return string
function M.first_line(text, columns)
  local _, start = text:find('^%s*')
  local finish = text:find('\n', start + 1, true)
  local line = text:sub(start + 1, finish ~= nil and finish - 1 or nil)
  line = line:sub(1, columns * BYTES + 1):gsub('%c', ' ')
  if finish ~= nil and text:find('%S', finish) ~= nil then
    return M.cut(line, columns - 2) .. ' …'
  end
  return M.cut(line, columns)
end

--- Chunks of virtual text, cut to so many columns together.
---@param chunks table[] `{text, highlight}` each
---@param columns integer
---@return table[]
function M.cut_chunks(chunks, columns)
  local kept = {}
  for _, chunk in ipairs(chunks) do
    local text = M.cut(chunk[1], columns)
    table.insert(kept, { text, chunk[2] })
    columns = columns - vim.fn.strdisplaywidth(text)
    if columns <= 0 then
      break
    end
  end
  return kept
end

return M
