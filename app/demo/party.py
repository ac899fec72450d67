"""One party of the demonstration, a process of its own: `python -m app.demo.party FOLDER ROLE NAME`.

It makes its keys itself and tells its public identity (one line); it reads the trust file from its input (one
line), pins it, serves, and tells its address (one line). It ends when its input closes: whatever happens to
the demonstration, no process stays behind.
"""

import json
import sys
from pathlib import Path

from app.demo.processes import end_with_input, hear, say
from app.parties.keys import ROLES
from app.parties.serving import create_keys, open_node, pin, serve_node


def main(folder: Path, role: str, name: str) -> None:
    """Be this party until the input closes."""
    known = next(one for one in ROLES if one == role)
    say(json.dumps(create_keys(folder, role=known, name=name).identity()))
    pin(folder, hear().encode("utf-8"))
    end_with_input()
    serve_node(open_node(folder), host="127.0.0.1", port=0, announce=say)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
