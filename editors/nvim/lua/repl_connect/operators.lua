--- The sending maps, as operators, so that a count counts and `.` repeats them.
---
--- A map without a motion (the form at the cursor) is an operator too, with a motion that goes
--- nowhere.
local M = {}

local MODULE = "v:lua.require'repl_connect.operators'."

-- What was so when the keys were typed. With `.` there is none of it.
local before = nil

local function remember()
  before = {
    window = vim.api.nvim_get_current_win(),
    view = vim.fn.winsaveview(),
    visual = vim.fn.mode():find('[vV\22]') ~= nil,
    marks = { ["'["] = vim.fn.getpos("'["), ["']"] = vim.fn.getpos("']") },
  }
  if before.visual then
    before.corners = { vim.fn.getpos('v'), vim.fn.getpos('.') }
  end
  vim.api.nvim_create_autocmd('ModeChanged', {
    group = vim.api.nvim_create_augroup('repl_connect_operator', {}),
    pattern = 'no*:*',
    once = true,
    callback = function() -- also when the motion was given up
      before = nil
    end,
  })
end

-- The cursor and the marks as they were.
local function restore(was)
  if was == nil or vim.api.nvim_get_current_win() ~= was.window then
    return
  end
  for mark, position in pairs(was.marks) do
    if position[2] > 0 then
      vim.fn.setpos(mark, position)
    end
  end
  vim.fn.winrestview(was.view)
end

local function line_at(row)
  return vim.api.nvim_buf_get_lines(0, row, row + 1, false)[1] or ''
end

-- The bytes from which and up to which a character is, which has the byte `column`.
local function character_at(line, column)
  while column > 0 and (line:byte(column + 1) or 0) >= 0x80 and line:byte(column + 1) < 0xC0 do
    column = column - 1
  end
  return column, column + #vim.fn.matchstr(line:sub(column + 1), '^.')
end

-- Where a character is on the screen's line: its first display column, and the one after it.
local function display_columns(row, column)
  local line = line_at(row)
  local from, to = character_at(line, math.min(column, #line))
  local left = vim.fn.strdisplaywidth(line:sub(1, from))
  return left, left + math.max(1, vim.fn.strdisplaywidth(line:sub(from + 1, to), left))
end

-- The block between two places. With `$`, it goes to the end of each line.
local function block(row, column, end_row, end_column, was)
  local selected = was ~= nil and was.corners ~= nil
  local exclusive, open = false, false
  if selected then
    -- In a line that is shorter than the block, a mark does not tell how wide that is.
    local one, other = unpack(was.corners)
    row, column, end_row, end_column = one[2] - 1, one[3] - 1, other[2] - 1, other[3] - 1
    exclusive = vim.o.selection == 'exclusive'
    open = was.view.curswant >= 0x7fffffff
  end
  local left, right = display_columns(row, column)
  local other_left, other_right = display_columns(end_row, end_column)
  if exclusive then
    right, other_right = left, other_left
  elseif not selected and other_right <= left then -- a motion down, whose end mark is before the column
    other_left, other_right = left, right
  end
  return math.min(row, end_row),
    math.max(row, end_row),
    { math.min(left, other_left), open and math.huge or math.max(right, other_right) }
end

--- Send what the motion or the selection has covered. `g@` calls it.
---@param kind string `char`, `line` or `block`
function M.motion(kind)
  local was = before
  before = nil
  local sending = require('repl_connect.sending')
  local row, column = unpack(vim.api.nvim_buf_get_mark(0, '['))
  local end_row, end_column = unpack(vim.api.nvim_buf_get_mark(0, ']'))
  row, end_row = row - 1, end_row - 1
  if kind == 'line' then
    sending.lines(row + 1, end_row + 1)
  elseif kind == 'block' then
    local first, final, columns = block(row, column, end_row, end_column, was)
    sending.range(first, 0, final, #line_at(final), columns)
  elseif end_row < row or (end_row == row and end_column < column) then
    require('repl_connect.notices').say('there is nothing here to send.', vim.log.levels.WARN)
  else
    local line = line_at(end_row)
    local _, after = character_at(line, math.min(end_column, #line))
    sending.range(row, column, end_row, after)
  end
  restore(was)
end

local function on_place(act)
  return function()
    local was = before
    before = nil
    local row, column = unpack(vim.api.nvim_buf_get_mark(0, '['))
    act(require('repl_connect.sending'), row - 1, column)
    restore(was)
  end
end

--- What `g@` calls for the maps without a motion, each by what it sends.
---@type table<string, fun(kind: string)>
M.units = {
  line = on_place(function(sending, row)
    sending.lines(row + 1, row + vim.v.count1)
  end),
  file = on_place(function(sending)
    sending.file()
  end),
  again = on_place(function(sending)
    sending.again()
  end),
}
for _, unit in ipairs({ 'form', 'root', 'cell', 'word', 'paragraph', 'buffer' }) do
  M.units[unit] = on_place(function(sending, row, column)
    sending.unit(unit, row, column)
  end)
end

--- The keys that a map stands for: an expression of it.
---@param name string `operator`, or one of `units`
---@return string
function M.keys(name)
  remember()
  local unit = M.units[name] ~= nil
  vim.o.operatorfunc = MODULE .. (unit and ('units.' .. name) or 'motion')
  return unit and 'g@l' or 'g@'
end

return M
