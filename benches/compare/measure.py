"""Times commands in turn, each in a process of its own, and fits how a measure grows."""

import math
import os
import shutil
import statistics
import subprocess
import tempfile
import time


# GNU time. Without it the memory of small processes reads as that of this one.
TIME = shutil.which("time")


class Runs:
    """What the runs of one command took: seconds of the clock and of the processors, megabytes."""

    def __init__(self):
        self.walls, self.processors, self.memories = [], [], []

    def add(self, wall, processor, memory):
        self.walls.append(wall)
        self.processors.append(processor)
        self.memories.append(memory)

    @property
    def wall(self):
        return statistics.median(self.walls)

    @property
    def processor(self):
        return statistics.median(self.processors)

    @property
    def memory(self):
        return max(self.memories)

    @property
    def spread(self):
        return min(self.walls), max(self.walls)


def once(command, runs=None, output=None, expected=(0, 1), cwd=None):
    """Runs a command to its end, with its output in a file. Gives the output, where it is asked for."""
    with tempfile.TemporaryFile() as sink, tempfile.TemporaryFile() as errors, tempfile.NamedTemporaryFile("r") as used:
        # A process inherits the peak of the memory of the one that began it, so a small one has to.
        timed = [TIME, "--quiet", "--format", "%M", "--output", used.name, "--", *command] if TIME else command
        begin = time.perf_counter()
        process = subprocess.Popen(timed, stdin=subprocess.DEVNULL, stdout=sink, stderr=errors, cwd=cwd)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        code = process.returncode = os.waitstatus_to_exitcode(status)
        if code not in expected:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)[:300]} ended with {code}: {errors.read(2000).decode()}")
        if runs is not None:
            # Both include the processes that this one waited for: of their times the sum, of their memory the largest.
            memory = int(used.read().split()[-1]) if TIME else usage.ru_maxrss
            runs.add(wall, usage.ru_utime + usage.ru_stime, memory / 1000)
        if output:
            sink.seek(0)
            return sink.read().decode()


def in_turn(commands, count, warm=1, expected=(0, 1), cwd=None):
    """Runs each of some commands in turn, `count` times, after `warm` rounds that do not count."""
    measured = {name: Runs() for name in commands}
    for number in range(warm + count):
        for name, command in commands.items():
            once(command, measured[name] if number >= warm else None, expected=expected, cwd=cwd)
    return measured


def exponent(sizes, measures):
    """Fits `measure = c * size ** e` by least squares of logarithms. Gives `e`."""
    xs, ys = [math.log(size) for size in sizes], [math.log(max(measure, 1e-9)) for measure in measures]
    x, y = statistics.mean(xs), statistics.mean(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)
