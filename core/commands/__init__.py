"""Commands of the `kpnerf` program, a module each, with `add_arguments(parser)` and `run(options)`.

Their docstrings are what `--help` shows. What a command works with is imported inside `run`, so that help is quick.
"""
