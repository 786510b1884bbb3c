--- What runs: a sign that turns beside the code, and for how long it has been at it.
local M = {}

local marks = require('repl_connect.marks')

local STEP = 100 -- milliseconds; also the time before which nothing is shown
local SIGNS = { '⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏' }

local timer = nil
local turn = 0
local list_running = nil

--- How long something took, in the largest units that tell: `3 s`, `2 min 5 s`, `1 h 2 min`.
---@param milliseconds integer
---@return string
function M.duration(milliseconds)
  local seconds = math.floor(milliseconds / 1000)
  if seconds < 60 then
    return seconds .. ' s'
  elseif seconds < 3600 then
    return ('%d min %d s'):format(math.floor(seconds / 60), seconds % 60)
  end
  return ('%d h %d min'):format(math.floor(seconds / 3600), math.floor(seconds / 60) % 60)
end

local function show(evaluation, now)
  if #evaluation.values > 0 and evaluation.asked == nil then
    return -- a part of it has a value already: that says more
  end
  local elapsed = now - evaluation.started
  local text = ' ' .. SIGNS[turn % #SIGNS + 1]
  if elapsed >= 1000 then
    text = text .. ' ' .. M.duration(elapsed)
  end
  if evaluation.asked ~= nil then
    text = ' input? :ReplInput'
  end
  marks.show(evaluation.anchor, { { text, 'ReplConnectPending' } }, true)
end

local function stop()
  timer:stop()
  timer:close()
  timer = nil
end

local function step()
  if timer == nil then
    return
  end
  local running = list_running()
  if #running == 0 then
    stop()
    return
  end
  turn = turn + 1
  local now = vim.loop.now()
  local busy = {}
  for _, evaluation in ipairs(running) do
    -- A connection evaluates one after the other.
    local first = not busy[evaluation.connection]
    busy[evaluation.connection] = true
    if first and evaluation.started == nil then
      evaluation.started = evaluation.waited and now or evaluation.began
    end
    -- What is young may well be done at once.
    local visible = evaluation.anchor ~= nil and now - evaluation.began >= STEP
    if visible and first then
      show(evaluation, now)
    elseif visible and not evaluation.waited then
      evaluation.waited = true
      marks.show(evaluation.anchor, { { ' … waits for the one before it', 'ReplConnectPending' } }, true)
    end
  end
end

--- Turn for as long as something runs.
---@param running fun(): repl_connect.Evaluation[] what runs, the oldest first
function M.start(running)
  list_running = running
  if timer == nil then
    timer = vim.loop.new_timer()
    timer:start(STEP, STEP, vim.schedule_wrap(step))
  end
end

--- Whether it turns.
---@return boolean
function M.turns()
  return timer ~= nil
end

return M
