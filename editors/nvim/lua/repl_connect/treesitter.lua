--- The form at a place by its syntax tree, where there is a parser for the buffer's language.
---
--- What a form is comes from the tree, not from a list of languages. A grammar that knows statements
--- is one of statements: the innermost in a block that has the place is meant. In another one lists
--- are meant: what ends with a bracket. Where the tree is not sure, there is no answer, and the host
--- finds the form by its own means.
local M = {}

local MOST_LINES = 20000 -- of a buffer whose tree nobody keeps up to date; to parse it takes time

local BODIES = {
  '^block$',
  '_block$',
  '^body$',
  '^function_body$',
  '^body_statement$',
  '^compound_statement$',
  'statements$',
  '^statement_list$',
  '^suite$',
}
local PARTS = { 'clause$', '_case$', '^case_', '_default$' } -- of a statement: no code of their own
local NO_FORMS = { 'comment', '^dis_expr$', '^unquot' }

local function is_any(node, patterns)
  local type = node:type()
  for _, pattern in ipairs(patterns) do
    if type:find(pattern) then
      return true
    end
  end
  return false
end

local has_statements = {}

-- Whether a grammar knows statements.
local function of_statements(language)
  if has_statements[language] == nil then
    local inspect = vim.treesitter.language.inspect or vim.treesitter.inspect_language
    local ok, grammar = pcall(inspect, language)
    has_statements[language] = false
    for name, symbol in pairs(ok and grammar.symbols or {}) do
      -- Before 0.11, a list of pairs.
      if (type(symbol) == 'table' and symbol[1] or name):find('statement') then
        has_statements[language] = true
        break
      end
    end
  end
  return has_statements[language]
end

local function parser_of(buffer)
  local filetype = vim.bo[buffer].filetype
  local language = filetype
  if vim.treesitter.language ~= nil and vim.treesitter.language.get_lang ~= nil then
    language = vim.treesitter.language.get_lang(filetype) or filetype
  end
  if language == '' then
    return nil
  end
  local highlighter = package.loaded['vim.treesitter.highlighter']
  local kept = highlighter ~= nil and highlighter.active[buffer] ~= nil
  if not kept and vim.api.nvim_buf_line_count(buffer) > MOST_LINES then
    return nil
  end
  local ok, parser = pcall(vim.treesitter.get_parser, buffer, language)
  return ok and parser or nil, language
end

-- The column of the nearest character of the line that is not blank; nil if there is none.
local function on_code(buffer, row, column)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
  local first, last = line:find('%S'), line:find('%S%s*$')
  if first == nil then
    return nil
  end
  return math.min(math.max(column, first - 1), last - 1)
end

local function is_list(node)
  local count = node:child_count()
  local last = count > 1 and node:child(count - 1) or nil
  return last ~= nil and not last:named() and last:type():find('^[%)%]}]$') ~= nil
end

-- The list that a place is in, on a bracket of, or just after, with what stands before it (a quote).
local function list_at(root, row, column)
  local function innermost(at)
    local node = root:descendant_for_range(row, at, row, at + 1)
    while node ~= nil and not is_list(node) do
      node = node:parent()
    end
    return node
  end
  local found = innermost(column)
  if column > 0 then
    local before = innermost(column - 1)
    if before ~= nil then
      local _, _, end_row, end_column = before:range()
      local _, _, found_row, found_column = (found or root):range()
      local on_bracket = found ~= nil and found_row == row and found_column == column + 1
      if end_row == row and end_column == column and not on_bracket then
        local start_row, start_column = (found or root):range()
        if found == nil or start_row ~= row or start_column ~= column then
          found = before
        end
      end
    end
  end
  if found == nil then
    return nil
  end
  local parent = found:parent()
  while parent ~= nil and parent:parent() ~= nil and not is_list(parent) do
    local _, _, end_row, end_column = parent:range()
    local _, _, found_row, found_column = found:range()
    if end_row ~= found_row or end_column ~= found_column or is_any(parent, NO_FORMS) then
      break
    end
    found, parent = parent, parent:parent()
  end
  return found
end

local function statement_at(root, row, column)
  local node = root:descendant_for_range(row, column, row, column + 1)
  while node ~= nil and node:parent() ~= nil do
    local parent = node:parent()
    local is_in_body = parent:parent() == nil or is_any(parent, BODIES)
    if node:named() and is_in_body and not is_any(node, PARTS) and not is_any(node, BODIES) then
      return node
    end
    node = parent
  end
  return nil
end

local function root_at(root, row, column)
  local node = root:descendant_for_range(row, column, row, column + 1)
  while node ~= nil and node:parent() ~= nil and node:parent():parent() ~= nil do
    node = node:parent()
  end
  return node ~= nil and node:parent() ~= nil and node or nil
end

--- The form around a place, or the one at the top level, by the buffer's syntax tree.
---@param buffer integer
---@param unit string `form` or `root`; of another one nothing is known
---@param row integer from 0
---@param column integer bytes, from 0
---@return integer[]|nil row, column, end row and end column (exclusive); nil: ask the host
function M.span(buffer, unit, row, column)
  if unit ~= 'form' and unit ~= 'root' or not require('repl_connect.settings').get('treesitter', buffer) then
    return nil
  end
  local at = on_code(buffer, row, column)
  local parser, language = parser_of(buffer)
  if at == nil or parser == nil then
    return nil
  end
  local ok, trees = pcall(parser.parse, parser)
  local tree = ok and trees ~= nil and trees[1] or nil
  local root = tree ~= nil and tree:root() or nil
  if root == nil or root:type() == 'document' then -- prose, or data
    return nil
  end
  local node
  if unit == 'root' then
    node = root_at(root, row, at)
  elseif of_statements(language) then
    node = statement_at(root, row, at)
  else
    node = list_at(root, row, at) or root_at(root, row, at)
  end
  if node == nil or node:has_error() or is_any(node, NO_FORMS) then
    return nil
  end
  return { node:range() }
end

return M
