"""The process of a run: what a window took is given back when it is done."""

import platform
import subprocess
import sys

import pytest

# An answer of 12 MB goes; then some of 4 MB, below something that stays.
_GIVES_BACK = """
import sys
from pathlib import Path
from tasks.run.process import give_back_large_pieces

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "prepared":
    give_back_large_pieces()
answer = bytearray(b"x" * 12_000_000)
del answer
before = resident()
answers = [bytearray(b"x" * 4_000_000) for _ in range(10)]
stays = [bytearray(b"x" * 100_000) for _ in range(20)]
del answers
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_memory_of_large_answers_is_given_back_though_larger_ones_went_before():
    kept = {
        how: int(subprocess.check_output([sys.executable, "-c", _GIVES_BACK, how], text=True))
        for how in ("prepared", "as it is")
    }
    assert kept["prepared"] < 5_000_000
    # Else the test tries nothing.
    assert kept["as it is"] > 15_000_000
