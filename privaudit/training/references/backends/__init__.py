"""Where references are trained: in this process, in a pool of processes, or on a Ray cluster.

All give the same references, bit for bit on one kind of CPU: a reference depends on the plan and its
index, and everything is computed by one thread.
"""
