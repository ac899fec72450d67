"""How much lives in this process: what a test of something that runs on compares with itself."""

import gc
import sys

# More or less of this many is nobody's growth: a list that takes one object a second holds as many soon.
FEW = 100


def living() -> int:
    """Blocks of the interpreter's own allocator that are in use: objects of any type, no big buffers."""
    # What one collection frees may be what held the rest.
    for _ in range(3):
        gc.collect()
    return sys.getallocatedblocks()
