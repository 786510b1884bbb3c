"""Dask: a REPL in every worker, workers as partners, and work that the scheduler deals out.

`plugin` and `preload` give workers their REPLs (`repl` runs in each), `importing` makes partners of
them, `engine` hands code to the scheduler, which `items` and `evaluating` run in a worker.
`distributed` is needed (`repl-connect[dask]`) and imported by these modules only.
"""
