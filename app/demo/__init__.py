"""The demonstration: a whole draw on one machine, four key holders in four processes, a real tender notice,
nobody real.
"""
