"""The `findspot` command: index, search, look after, evaluate.

**In**: arguments, files, standard input. **Out**: tables for people, one JSON document with `--json`, and an exit code: 0 done, 1 the
input was refused (the message names file, line and field), 2 wrong usage. **Law**: results go to standard output, progress and messages
to standard error; a progress bar is drawn on a terminal only.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: without the program's name; None takes them from `sys.argv`.

    Returns: the exit code.

    Example:
        >>> from findspot.cli import main
        >>> main(["analyze", "Found coins", "--analyzer", "english"])
        position  start  end  token
               0      0    5  found
               1      6   11  coin
        0
    """
    from .arguments import parser, split
    from .output import refused

    options = parser().parse_args(split(sys.argv[1:] if argv is None else argv))
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does: nothing to report, and nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return refused(error, options.json)
