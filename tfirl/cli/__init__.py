"""The console command `tfirl`: one module a subcommand, imported when called.

Each has `main(argv, name)`: the arguments after the subcommand's name, and what
the program is called in its help. What it returns is the exit code.
"""
