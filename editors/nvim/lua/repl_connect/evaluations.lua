--- Evaluations: what was sent from where, and what came of it.
local M = {}

local bytes = require('repl_connect.bytes')
local connections = require('repl_connect.connections')
local host = require('repl_connect.host')
local log = require('repl_connect.log')
local marks = require('repl_connect.marks')
local notices = require('repl_connect.notices')
local spinner = require('repl_connect.spinner')

---@class repl_connect.Evaluation
---@field number integer
---@field connection integer
---@field buffer integer|nil where the code came from
---@field anchor table|nil where it is, see `marks`
---@field code string
---@field place string|nil where that was, for the log: the file's name and the line
---@field comment_prefix string|nil what a comment starts with where the code is from
---@field values string[] the last of them
---@field cut boolean|nil the last value is longer than what was sent of it
---@field output string the last of what it printed
---@field output_cut boolean|nil it printed more than that
---@field first_output string|nil the first line of it that has something in it
---@field error table|nil
---@field status string|nil nil while it runs
---@field problem string|nil a sentence, if it did not go well
---@field began integer milliseconds
---@field elapsed integer|nil milliseconds, when it has ended
---@field started integer|nil when it was the first of its connection, as far as the spinner has seen
---@field waited boolean|nil it was behind another one
---@field path string|nil the file that the code is from
---@field asked table|nil it waits for input; `secret`: that is not to be shown
---@field after fun(evaluation: repl_connect.Evaluation)|nil

local KEPT = 200 -- evaluations that have ended
local KEPT_BYTES = 16 * 1024 * 1024 -- of their values, output and code
local LAST_OUTPUT = 10000 -- bytes
local LAST_VALUES = 100 -- of one evaluation

---@type table<integer, repl_connect.Evaluation>
local evaluations = {}
local last_number = 0
local ended = {}
local ended_bytes = 0

--- The evaluation of a number.
---@param number integer
---@return repl_connect.Evaluation|nil
function M.get(number)
  return evaluations[number]
end

local function in_order(found)
  table.sort(found, function(one, other)
    return one.number < other.number
  end)
  return found
end

--- The evaluations that are kept, the oldest first.
---@return repl_connect.Evaluation[]
function M.all()
  return in_order(vim.tbl_values(evaluations))
end

--- The one whose result is shown on a row, else whose code is there; nil if there is none.
---@param buffer integer
---@param row integer from 0
---@return repl_connect.Evaluation|nil
function M.at(buffer, row)
  local anchor = marks.at(buffer, row)
  local found = nil
  for _, evaluation in ipairs(M.all()) do
    if anchor ~= nil and evaluation.anchor == anchor then
      return evaluation
    elseif evaluation.buffer == buffer and evaluation.anchor ~= nil then
      local first, _, last = marks.place(evaluation.anchor)
      if first ~= nil and first <= row and row <= last then
        found = evaluation
      end
    end
  end
  return found
end

--- The evaluations of a connection that have not ended, the oldest first.
---@param connection integer|nil of all connections if it is left out
---@return repl_connect.Evaluation[]
function M.running(connection)
  local found = {}
  for _, each in pairs(evaluations) do -- few of them run, and the statusline asks often
    if each.status == nil and (connection == nil or each.connection == connection) then
      table.insert(found, each)
    end
  end
  return in_order(found)
end

--- Send something. `fields` are those of the host's `Evaluate`, but for the numbers.
---@param fields table
---@param options table|nil `buffer`, `anchor` (where the cursor was), `after`, `connection`
---@return repl_connect.Evaluation|nil
function M.send(fields, options)
  options = options or {}
  local connection = options.connection and connections.get(options.connection)
    or connections.demand(options.buffer)
  if connection == nil then
    return nil
  end
  last_number = last_number + 1
  local evaluation = {
    number = last_number,
    connection = connection.number,
    buffer = options.buffer,
    anchor = options.anchor,
    code = fields.code or '',
    values = {},
    output = '',
    began = vim.loop.now(),
    after = options.after,
    path = fields.path,
  }
  fields.connection = connection.number
  fields.evaluation = last_number
  evaluations[last_number] = evaluation
  if not host.notify('evaluate', fields) then
    evaluations[last_number] = nil
    return nil
  end
  if fields.unit == 'code' then
    log.code(connection, fields.code)
  elseif fields.unit == 'file' then
    log.note(connection, 'load ' .. fields.path)
    require('repl_connect.problems').clear(options.buffer)
  end
  spinner.start(M.running)
  return evaluation
end

local function show(evaluation, chunks)
  if evaluation.anchor ~= nil then
    marks.show(evaluation.anchor, chunks)
  end
end

-- Handle messages about an evaluation that is kept.
local function on(kind, handler)
  host.on(kind, function(message)
    local evaluation = evaluations[message.evaluation]
    if evaluation ~= nil then
      handler(evaluation, message)
    end
  end)
end

on('span', function(evaluation, message)
  evaluation.code = message.code
  evaluation.comment_prefix = message.comment_prefix
  local shift = 0
  if evaluation.anchor ~= nil then
    -- Where the cursor has gone since it was sent: rows that were put in or taken out above.
    local row = marks.place(evaluation.anchor)
    shift = row ~= nil and row - evaluation.anchor.row or 0
    marks.release(evaluation.anchor)
  end
  if evaluation.buffer ~= nil and vim.api.nvim_buf_is_loaded(evaluation.buffer) then
    evaluation.anchor = marks.anchor(
      evaluation.buffer,
      message.row + shift,
      message.column,
      message.end_row + shift,
      message.end_column
    )
    marks.flash(evaluation.anchor)
    require('repl_connect.problems').covered(evaluation)
  end
  local connection = connections.get(evaluation.connection)
  if connection ~= nil then
    local name = evaluation.buffer ~= nil and vim.fn.bufname(evaluation.buffer) or ''
    if name ~= '' then
      evaluation.place = ('%s:%d'):format(vim.fn.fnamemodify(name, ':t'), message.row + shift + 1)
    end
    log.code(connection, message.code, evaluation.place)
  end
end)

host.on('output', function(message)
  local connection = connections.get(message.connection)
  local evaluation = evaluations[message.evaluation]
  if connection ~= nil then
    log.output(connection, message.stream, message.text, evaluation ~= nil and evaluation.place or nil)
  end
  if evaluation ~= nil then
    local output = evaluation.output .. message.text
    evaluation.output = bytes.last(output, LAST_OUTPUT)
    evaluation.output_cut = evaluation.output_cut or #output > LAST_OUTPUT
    if evaluation.first_output == nil then
      evaluation.first_output = message.text:match('[^\n]*[^%s][^\n]*')
    end
  end
end)

on('value', function(evaluation, message)
  table.insert(evaluation.values, message.text)
  if #evaluation.values > LAST_VALUES then
    table.remove(evaluation.values, 1)
  end
  evaluation.cut = message.cut
  local text = message.text .. (message.cut and '…' or '')
  show(evaluation, { { ' => ' .. marks.first_line(text), 'ReplConnectValue' } })
  local connection = connections.get(evaluation.connection)
  if connection ~= nil then
    log.value(connection, text, evaluation.place)
  end
end)

on('error', function(evaluation, message)
  evaluation.error = message
  local problems = require('repl_connect.problems')
  show(evaluation, { { ' ✗ ' .. marks.first_line(problems.text(message)), 'ReplConnectError' } })
  problems.show(evaluation, message)
end)

host.on('input', function(message)
  require('repl_connect.input').asked(message)
end)

host.on('held', function(message)
  require('repl_connect.restarts').held(message)
end)

local function size_of(evaluation)
  local size = #evaluation.code + #evaluation.output
  for _, value in ipairs(evaluation.values) do
    size = size + #value
  end
  return size
end

-- Keep one that has ended; the oldest go when there are too many, or too large ones.
local function keep(evaluation)
  table.insert(ended, { number = evaluation.number, size = size_of(evaluation) })
  ended_bytes = ended_bytes + ended[#ended].size
  while #ended > 1 and (#ended > KEPT or ended_bytes > KEPT_BYTES) do
    local oldest = table.remove(ended, 1)
    ended_bytes = ended_bytes - oldest.size
    local gone = evaluations[oldest.number]
    if gone.anchor ~= nil then
      marks.release(gone.anchor)
    end
    evaluations[oldest.number] = nil
  end
end

local WORDS = { interrupted = 'interrupted', lost = 'lost: how it ended is not known' }

-- With `unvalued` the last value is not the last form's, so it is not shown beside that.
local function finish(evaluation, status, problem, unvalued)
  evaluation.status = status
  evaluation.elapsed = vim.loop.now() - evaluation.began
  local text = problem or WORDS[status]
  evaluation.problem = text
  if text ~= nil and status ~= 'error' then
    show(evaluation, { { ' ✗ ' .. marks.first_line(text), 'ReplConnectError' } })
    local connection = connections.get(evaluation.connection)
    if connection ~= nil then
      log.note(connection, text, evaluation.place)
    end
    if evaluation.buffer == nil or status == 'refused' then
      notices.say(text, vim.log.levels.WARN)
    end
  elseif status == 'ok' and (#evaluation.values == 0 or unvalued) then
    if evaluation.first_output ~= nil then
      show(evaluation, { { ' ' .. marks.first_line(evaluation.first_output), 'ReplConnectOutput' } })
    else
      show(evaluation, { { ' ✓', 'ReplConnectValue' } })
    end
  end
  keep(evaluation)
  if evaluation.after ~= nil then
    evaluation.after(evaluation)
  end
  require('repl_connect.autocommands').fire('ReplEvaluated', {
    connection = evaluation.connection,
    evaluation = evaluation.number,
    status = status,
    value = evaluation.values[#evaluation.values],
  })
end

on('done', function(evaluation, message)
  if evaluation.status == nil then
    finish(evaluation, message.status, message.problem, message.valued == false)
  end
end)

host.on_ended(function()
  for _, evaluation in ipairs(M.running()) do
    finish(evaluation, 'lost')
  end
end)

return M
