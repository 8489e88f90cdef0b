"""An import that is killed leaves no processes behind: those that read for it end with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_BEGUN = """
import os
import time
from listserver.actions import importing
if __name__ == "__main__":
    pool = importing._pool(1)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


def _there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_readers_end_when_the_import_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "importing.py"
    program.write_text(_BEGUN)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, env=env) as importing:
        assert importing.stdout is not None
        reader = int(importing.stdout.readline())
        assert _there(reader)
        importing.send_signal(signal.SIGKILL)
    until = time.monotonic() + 20
    while _there(reader) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _there(reader)
