--- Completion from the live program. Nothing waits for it: the menu opens when the answer has come,
--- if the cursor is in the same word then.
local M = {}

local connections = require('repl_connect.connections')
local host = require('repl_connect.host')
local surroundings = require('repl_connect.surroundings')

local MOST_NAMES = 2000

local last_question = 0
local menu_is_ours = false
local names, names_count = {}, 0

local function remember(items)
  for _, item in ipairs(items) do
    if names[item.word] == nil then
      if names_count >= MOST_NAMES then
        names, names_count = {}, 0
      end
      names[item.word] = true
      names_count = names_count + 1
    end
  end
end

--- Names that were completions once, for the completion of a command, which can't wait.
---@param begun string
---@return string[]
function M.names(begun)
  local found = vim.tbl_filter(function(name)
    return vim.startswith(name, begun)
  end, vim.tbl_keys(names))
  table.sort(found)
  return found
end

--- Whether there is somebody to ask.
---@param buffer integer|nil
---@return boolean
function M.available(buffer)
  local connection = connections.of(buffer)
  return connection ~= nil and connection.state == 'connected'
end

--- Ask what could stand before a place. `callback(result)` gets the host's answer: `replaces`
--- (bytes before the place), `items` (`word`, `kind`, `menu`, `info`), `cut` if there are more.
---@param buffer integer
---@param row integer from 0
---@param column integer in bytes, from 0
---@param callback fun(result: table)
---@return boolean whether it was asked
function M.ask(buffer, row, column, callback)
  local connection = connections.of(buffer)
  if connection == nil or connection.state ~= 'connected' then
    return false
  end
  local around = surroundings.of(buffer, row, column)
  host.ask('complete', {
    connection = connection.number,
    text = around.before,
    head = around.head,
    filetype = around.filetype,
    path = around.path,
  }, function(result)
    remember(result.items)
    callback(result)
  end)
  return true
end

local function text_before_cursor()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  return vim.api.nvim_get_current_line():sub(1, column), row - 1, column
end

-- What follows may be typed at once: it must not come behind a candidate that was put in by itself.
local function complete(start, items, keep)
  local before = vim.o.completeopt
  local changed = keep and not before:find('noinsert', 1, true)
  if changed then
    vim.opt.completeopt:append({ 'menuone', 'noinsert' })
  end
  pcall(vim.fn.complete, start + 1, items)
  if changed then
    vim.o.completeopt = before
  end
end

local open

local function answered(question, buffer, row, asked, result)
  if question ~= last_question or vim.api.nvim_get_current_buf() ~= buffer then
    return
  end
  if vim.api.nvim_get_mode().mode:sub(1, 1) ~= 'i' then
    return
  end
  if vim.fn.pumvisible() == 1 and not menu_is_ours then
    return -- another menu has come meanwhile
  end
  local now, row_now = text_before_cursor()
  local start = #asked - result.replaces
  local typed = now:sub(#asked + 1)
  if row_now ~= row or start < 0 or not vim.startswith(now, asked) then
    return
  end
  local items = result.items
  if typed ~= '' then
    if typed:find('[%s%(%)%[%]{}\'"`,;]') then
      return -- it is another word
    end
    if result.cut then
      open()
      return
    end
    local begun = now:sub(start + 1)
    items = vim.tbl_filter(function(item)
      return vim.startswith(item.word, begun)
    end, items)
  end
  if #items > 0 then
    complete(start, items, typed ~= '')
    menu_is_ours = true
  end
end

open = function()
  local asked, row, column = text_before_cursor()
  local buffer = vim.api.nvim_get_current_buf()
  last_question = last_question + 1
  menu_is_ours = false
  local question = last_question
  M.ask(buffer, row, column, function(result)
    answered(question, buffer, row, asked, result)
  end)
end

--- For 'omnifunc'. While nobody is connected, what the filetype has by itself (`python3complete`)
--- does its work, if it was there before.
---@param findstart integer
---@param base string
---@return any
function M.omnifunc(findstart, base)
  if findstart == 1 and M.available() then
    open()
    return -2
  end
  local before = vim.b.repl_connect_omnifunc
  if before ~= nil and before ~= '' then
    return vim.call(before, findstart, base)
  end
  return findstart == 1 and -3 or {}
end

-- LSP's numbers of kinds, which menus know signs for, by what servers say.
local KINDS = {
  argument = 6,
  class = 7,
  constant = 21,
  ['field'] = 5,
  ['function'] = 3,
  instance = 6,
  key = 20,
  keyword = 14,
  macro = 3,
  method = 2,
  module = 9,
  namespace = 9,
  property = 10,
  ['special-form'] = 14,
  ['static-method'] = 2,
  type = 7,
  var = 6,
  variable = 6,
}

--- An answer as LSP's `CompletionItem`s; positions count bytes (`utf-8`).
---@param result table
---@param row integer where it was asked for, from 0
---@param column integer in bytes, from 0
---@return table[]
function M.as_lsp(result, row, column)
  local range = {
    start = { line = row, character = math.max(0, column - result.replaces) },
    ['end'] = { line = row, character = column },
  }
  return vim.tbl_map(function(item)
    return {
      label = item.word,
      kind = KINDS[item.kind] or 1,
      detail = item.menu,
      documentation = item.info,
      textEdit = { newText = item.word, range = range },
    }
  end, result.items)
end

return M
