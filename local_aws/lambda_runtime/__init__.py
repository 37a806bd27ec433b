"""Functions run as Lambda runs them: by its interface client and emulator, with nothing on the path that it lacks.

A function is deployed as a custom runtime whose `bootstrap` starts `environment`, an execution environment for one
event at a time. The engine starts and ends these, gives them the credentials of the function's role, and hands out
events.
"""
