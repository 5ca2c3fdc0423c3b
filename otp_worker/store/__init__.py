"""The database: the truth of every verification.

One file of statements stands beside each step of a passcode; every change of state is one
conditional UPDATE, and losing its race is a normal answer.
"""
