--- What is known about a name: its documentation in a float, and where it is defined.
local M = {}

local connections = require('repl_connect.connections')
local host = require('repl_connect.host')
local languages = require('repl_connect.languages')
local notices = require('repl_connect.notices')
local surroundings = require('repl_connect.surroundings')

local WIDEST = 100
local MARK = 'repl_connect_documentation' -- what a float is found by

local marks = vim.api.nvim_create_namespace('repl_connect_documentation')
local last_question = 0
local sources = {} -- the buffers of texts that no file here has, by name

-- Ask about a name, or about what is at the cursor. `then_do(answer, moved, from)` gets the answer
-- to the last question only, and whether the cursor was moved since.
local function ask(name, source, then_do)
  local connection = connections.demand()
  if connection == nil then
    return
  end
  local window, buffer = vim.api.nvim_get_current_win(), vim.api.nvim_get_current_buf()
  local place = vim.api.nvim_win_get_cursor(window)
  local around = surroundings.of(buffer, place[1] - 1, place[2])
  last_question = last_question + 1
  local question = last_question
  host.ask('look', {
    connection = connection.number,
    symbol = name or '',
    text = around.text,
    row = around.row,
    column = around.column,
    head = around.head,
    filetype = around.filetype,
    path = around.path,
    source = source,
  }, function(answer)
    if question ~= last_question then
      return
    end
    local here = vim.api.nvim_get_current_win() == window
      and vim.api.nvim_get_current_buf() == buffer
      and vim.deep_equal(vim.api.nvim_win_get_cursor(window), place)
      and vim.api.nvim_get_mode().mode == 'n'
    then_do(answer, not here, { connection = connection, filetype = around.filetype })
  end)
end

-- The lines of the float, and which of them are highlighted how.
local function layout(answer)
  local lines, groups = {}, {}
  local function add(text, group)
    for _, line in ipairs(vim.split(text, '\n', { plain = true })) do
      table.insert(lines, line)
      groups[#lines] = group
    end
  end
  for _, signature in ipairs(answer.signatures) do
    add(signature)
  end
  local code = #lines
  if code == 0 then
    add(answer.name, 'Title')
  end
  local kind = answer.type
  if answer.namespace ~= nil then
    kind = (kind ~= nil and kind .. ' of ' or 'of ') .. answer.namespace
  end
  if kind ~= nil then
    add(kind, 'Comment')
  end
  if answer.doc ~= '' then
    add('')
    add(answer.doc)
  end
  if answer.place ~= nil then
    add('')
    add(answer.place, 'Comment')
  end
  return lines, groups, code
end

-- Highlight the first lines as code, by the filetype's syntax file: it is there without a parser.
local function highlight_code(buffer, count, filetype)
  local syntax = languages.known(filetype)
  if count == 0 or syntax == nil then
    return
  end
  vim.api.nvim_buf_call(buffer, function()
    if pcall(vim.cmd, ('syntax include @replConnectCode syntax/%s.vim'):format(syntax)) then
      vim.cmd(
        ([[syntax region replConnectSignature start=/\%%1l/ end=/\%%%dl/ contains=@replConnectCode]]):format(
          count + 1
        )
      )
    end
  end)
end

local function float_of(buffer)
  for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    local found, of = pcall(vim.api.nvim_win_get_var, window, MARK)
    if found and of == buffer then
      return window
    end
  end
  return nil
end

local function show(answer, filetype)
  local source = vim.api.nvim_get_current_buf()
  local lines, groups, code = layout(answer)
  local buffer, window = vim.lsp.util.open_floating_preview(lines, '', {
    focus_id = MARK,
    focusable = true,
    wrap = true,
    max_width = math.min(WIDEST, vim.o.columns - 4),
    max_height = math.max(3, math.floor(vim.o.lines / 2)),
    close_events = { 'CursorMoved', 'CursorMovedI', 'InsertCharPre', 'BufHidden' },
  })
  vim.api.nvim_win_set_var(window, MARK, source)
  for row, group in pairs(groups) do
    vim.api.nvim_buf_set_extmark(buffer, marks, row - 1, 0, {
      end_col = #lines[row],
      hl_group = group,
    })
  end
  highlight_code(buffer, code, filetype)
end

--- Show the documentation of a name in a float, or enter that float when it is there already.
---@param name string|nil what is at the cursor if it is left out, or empty
function M.doc(name)
  local float = float_of(vim.api.nvim_get_current_buf())
  if (name or '') == '' and float ~= nil then
    vim.api.nvim_set_current_win(float)
    return
  end
  ask(name, false, function(answer, moved, from)
    if answer.problem ~= nil then
      notices.say(answer.problem)
    elseif not moved then
      show(answer, from.filetype)
    end
  end)
end

-- Remember where the cursor is: CTRL-O and CTRL-T come back.
local function push(name)
  local place = vim.fn.getpos('.')
  place[1] = vim.api.nvim_get_current_buf()
  vim.cmd("normal! m'")
  vim.fn.settagstack(
    vim.api.nvim_get_current_win(),
    { items = { { tagname = name, from = place } } },
    't'
  )
end

-- The line of a definition in the current buffer. If that has not the name, the file has changed
-- since it was loaded: then the nearest where the name comes behind a word (`def`, `(define (`).
local function line_of(definition, name)
  local line = definition.line
  local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  local last = vim.pesc(name:match('[^./]+$') or name)
  if lines[line] ~= nil and lines[line]:find(last) then
    return line
  end
  local defined = '^[%s(]*[%w*!-]+[%s(]+' .. last .. '%f[^%w_*!?<>=-]'
  for distance = 1, #lines do
    for _, near in ipairs({ line + distance, line - distance }) do
      if lines[near] ~= nil and lines[near]:find(defined) then
        return near
      end
    end
  end
  return line
end

local function go_to(line, column)
  local last = vim.api.nvim_buf_line_count(0)
  pcall(vim.api.nvim_win_set_cursor, 0, { math.min(line, last), math.max(0, column - 1) })
  vim.cmd('normal! zvzz')
end

local function source_buffer(name, text, from)
  local buffer = sources[name]
  if buffer ~= nil and vim.api.nvim_buf_is_loaded(buffer) then
    vim.bo[buffer].modifiable = true
  else
    if buffer ~= nil and vim.api.nvim_buf_is_valid(buffer) then
      vim.api.nvim_buf_delete(buffer, { force = true }) -- it was unloaded, and has the name
    end
    buffer = vim.api.nvim_create_buf(true, true)
    sources[name] = buffer
    pcall(vim.api.nvim_buf_set_name, buffer, 'repl-connect-source://' .. name)
  end
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(text, '\n', { plain = true }))
  vim.bo[buffer].bufhidden = 'hide'
  vim.bo[buffer].undolevels = -1
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].readonly = true
  vim.b[buffer].repl_connect_connection = from.connection.number
  if vim.bo[buffer].filetype == '' then
    vim.bo[buffer].filetype = from.filetype
  end
  return buffer
end

local function open_buffer(buffer)
  local done, problem = pcall(vim.api.nvim_win_set_buf, 0, buffer)
  if not done then
    notices.say(tostring(problem):match('E%d+:.*') or tostring(problem), vim.log.levels.ERROR)
  end
  return done
end

local function jump(answer, from)
  local definition = answer.definition
  local buffer
  if definition.file ~= '' then
    buffer = vim.fn.bufadd(definition.file)
    vim.bo[buffer].buflisted = true
  elseif definition.text ~= '' then
    buffer = source_buffer(definition.name, definition.text, from)
  end
  if buffer ~= nil then
    push(answer.symbol)
    if open_buffer(buffer) then
      go_to(line_of(definition, answer.name), definition.column)
    end
  end
  if definition.problem ~= '' then
    notices.say(
      definition.problem .. (buffer ~= nil and ' This is the text that it sent.' or ''),
      vim.log.levels.WARN
    )
  end
end

--- Go to the definition of a name. What no file here has is shown in a buffer of its own,
--- `repl-connect-source://NAME`.
---@param name string|nil what is at the cursor if it is left out, or empty
function M.source(name)
  ask(name, true, function(answer, moved, from)
    if answer.problem ~= nil then
      notices.say(answer.problem)
    elseif not moved then
      jump(answer, from)
    elseif answer.place ~= nil then
      notices.say(('%s is defined in %s.'):format(answer.name, answer.place))
    end
  end)
end

return M
