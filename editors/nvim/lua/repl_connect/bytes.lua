--- Texts cut to so many bytes, never within a character.
local M = {}

--- The start of a text, with at most so many bytes.
---@param text string
---@param most integer
---@return string
function M.first(text, most)
  if #text <= most then
    return text
  end
  local size = most
  while size > 0 and text:find('^[\128-\191]', size + 1) ~= nil do
    size = size - 1
  end
  return text:sub(1, size)
end

--- The end of a text, with at most so many bytes.
---@param text string
---@param most integer
---@return string
function M.last(text, most)
  if #text <= most then
    return text
  end
  return (text:sub(-most):gsub('^[\128-\191]+', ''))
end

return M
