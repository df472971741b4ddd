"""The installation checks its own statistics: known answers, and finding what is there and nothing else.

What it finds is about numpy, scipy, dp-accounting and privaudit on this machine, not about any model.
"""
