--- The version of the plugin, which is that of the `repl-connect` it came with.
return '0.1.0'
