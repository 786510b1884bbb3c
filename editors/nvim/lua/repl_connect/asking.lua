--- Questions to the user, by `vim.ui`, where plugins show them in ways of their own.
---
--- Who leaves one by <C-c> has not answered, as with <Esc>; Neovim's own functions raise an error.
local M = {}

local CANCELLED = '\27' -- what the input of Neovim 0.7 gives, which has no word for it

-- Call `ask(answer)`, where `answer` is to be called with what the user says; nil if there is none.
local function until_answered(ask, callback)
  local answered = false
  local ok, problem = pcall(ask, function(answer)
    answered = true
    callback(answer)
  end)
  if ok then
    return
  elseif not answered then
    callback(nil)
  end
  if answered or tostring(problem):find('nterrupt') == nil then
    error(problem, 0)
  end
end

--- Whether the user can be asked what was not asked for: nothing is being typed.
---@return boolean
function M.is_welcome()
  return vim.api.nvim_get_mode().mode == 'n' and vim.fn.getcmdwintype() == ''
end

--- Let the user choose: `callback(item)`, nil if nothing is chosen.
---@param items table[]
---@param options table those of `vim.ui.select`
---@param callback fun(item: any)
function M.select(items, options, callback)
  options.kind = options.kind or 'repl_connect'
  until_answered(function(answer)
    vim.ui.select(items, options, answer)
  end, callback)
end

--- Let the user type a line: `callback(text)`, nil if that is given up; it may be empty.
---@param prompt string
---@param callback fun(text: string|nil)
function M.input(prompt, callback)
  local options = { prompt = prompt }
  -- There nil is the empty line too, unless a plugin has put another function in its place.
  local old = vim.fn.has('nvim-0.8') == 0
    and debug.getinfo(vim.ui.input, 'S').source:find('vim/ui%.lua$') ~= nil
  if old then
    options.cancelreturn = CANCELLED
  end
  until_answered(function(answer)
    vim.ui.input(options, function(text)
      if old then
        text = text == nil and '' or text
        text = text ~= CANCELLED and text or nil
      end
      answer(text)
    end)
  end, callback)
end

--- Let the user type a line that is not to be seen. Neovim waits for it.
---@param prompt string
---@param callback fun(text: string|nil)
function M.secret(prompt, callback)
  local ok, text = pcall(vim.fn.inputsecret, { prompt = prompt, cancelreturn = CANCELLED })
  callback(ok and text ~= CANCELLED and text or nil)
end

return M
