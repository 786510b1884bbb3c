"""Lua that says what Neovim shows; a test's `Editor` runs it."""

from __future__ import annotations

from typing import Final

__all__ = ["CHUNKS", "FLOATS", "LINES", "STATE"]

LINES: Final = """
local buffer = ...
if type(buffer) == 'string' then
  buffer = vim.fn.bufnr(buffer)
end
if not vim.api.nvim_buf_is_valid(buffer) then
  return {}
end
return vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
"""

CHUNKS: Final = """
local row, buffer = ...
local namespaces = {}
for name, id in pairs(vim.api.nvim_get_namespaces()) do
  if type(name) == 'string' then  -- an empty dictionary of 0.7's has an entry that marks it as one
    table.insert(namespaces, id)
  end
end
for _, namespace in pairs(vim.diagnostic.get_namespaces()) do
  local id = namespace.user_data and namespace.user_data.virt_text_ns
  if id and not vim.tbl_contains(namespaces, id) then  -- in 0.7 it has no name
    table.insert(namespaces, id)
  end
end
table.sort(namespaces)
local chunks = {}
for _, id in ipairs(namespaces) do
  local marks = vim.api.nvim_buf_get_extmarks(buffer, id, {row, 0}, {row, -1}, {details = true})
  for _, mark in ipairs(marks) do
    for _, chunk in ipairs(mark[4].virt_text or {}) do
      table.insert(chunks, {chunk[1], chunk[2] or ''})
    end
    for _, line in ipairs(mark[4].virt_lines or {}) do
      for index, chunk in ipairs(line) do
        table.insert(chunks, {(index == 1 and '\\n' or '') .. chunk[1], chunk[2] or ''})
      end
    end
  end
end
return chunks
"""

STATE: Final = """
local said = {'Mode: ' .. vim.api.nvim_get_mode().mode, 'Messages:', vim.fn.execute('messages')}
for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
  local count = vim.api.nvim_buf_line_count(buffer)
  local shown = #vim.fn.win_findbuf(buffer) > 0 and 'shown' or 'hidden'
  table.insert(said, string.format('Buffer %d %s, %s, %s, %d lines, the last:', buffer,
    vim.api.nvim_buf_get_name(buffer), vim.bo[buffer].filetype, shown, count))
  vim.list_extend(said, vim.api.nvim_buf_get_lines(buffer, math.max(0, count - 20), -1, false))
end
return said
"""

FLOATS: Final = """
local floats = {}
for _, window in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_get_config(window).relative ~= '' then
    table.insert(floats, vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false))
  end
end
return floats
"""
