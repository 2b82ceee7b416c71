"""Hundreds of admins of many workspaces at once, and whether each got exactly what is theirs.

`admins.py` runs under locust, in an environment of its own, and writes a journal of every exchange
with the API; the stack runs in this process, which holds the journal, the files, what S3 has in the
end and the memory against the call logs themselves.
"""
