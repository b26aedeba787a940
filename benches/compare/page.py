"""Writes what was measured for people: rows as they come, and the page docs/performance.md."""

import datetime
import os
import platform


def seconds(value):
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def spread(runs):
    low, high = runs.spread
    return f"{seconds(runs.wall)} ({seconds(low)} to {seconds(high)})" if len(runs.walls) > 1 else f"{seconds(runs.wall)} (one run)"


def print_row(row):
    ours, peer = row["ours"], row["peer"]
    print(
        f"({row['part']}) {row['what']}: {spread(ours)}, {ours.processor:.2f} s of the processors, {ours.memory:.0f} MB; "
        f"{row['names'][1]}: {spread(peer)}, {peer.processor:.2f} s, {peer.memory:.0f} MB; "
        f"{row['ratio']:.1f} times, by the processors {row['processors']:.1f}, memory {row['memory']:.2f}",
        flush=True,
    )


def print_growth(growth):
    seconds_of, memories = [round(value, 3) for value in growth["seconds"]], [round(value) for value in growth["memories"]]
    print(f"(f) {growth['what']}: time {growth['time']:.2f}, memory {growth['memory']:.2f}; {growth['sizes']} {seconds_of} {memories}", flush=True)


def machine():
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} processors, {memory:.0f} GiB, {platform.system()}"


def verdict(row):
    """Says whether an aim was met."""
    if row["aim"] is None:
        return "", ""
    met = "met" if row["ratio"] >= row["aim"] else "**missed**"
    return f"{row['aim']} times", met


def start(started):
    """Tells what a check of one small chart takes."""
    over = (started["ours"].wall - started["true"].wall) * 1000
    return [
        "",
        f"(a) A `check` of one small chart, each time a process anew, as a pre-commit hook has it: {spread(started['ours'])}; `true`, which",
        f"does nothing, {spread(started['true'])}, so that it takes `true` + {over:.1f} ms (aim: 10 ms, {'met' if over <= 10 else '**missed**'}); `plimsoll --version`",
        f"{spread(started['version'])}; what the peers do of it, one after the other, {spread(started['chain'])}.",
    ]


def grown(growths):
    """Tells how time and memory grow."""
    lines = [
        "",
        "## How it grows",
        "",
        "The exponent *e* of *c · size^e*, fitted to the time of the processors and to the memory, both beyond those of",
        "`plimsoll --version`. The aim is 1.1 at most.",
        "",
        "| what grows | sizes | time | memory |",
        "|---|---|--:|--:|",
    ]
    for growth in growths:
        sizes = ", ".join(f"{size:,}" for size in growth["sizes"])
        marked = [f"{value:.2f}" if value <= 1.1 else f"**{value:.2f}**" for value in (growth["time"], growth["memory"])]
        lines.append(f"| {growth['what']} | {sizes} | {' | '.join(marked)} |")
    return lines


def write(bench):
    """Writes the page."""
    date = datetime.date.today().isoformat()
    lines = [
        "# How fast it is",
        "",
        "This page is written by `benches/compare/run --page`, which makes its inputs from a seed and runs Plimsoll and each peer in turn,",
        "with the files in the system's cache. It fails where they do not agree: (b) on the manifests, (c) on how many objects are wrong,",
        "(e) on how many objects there are; of (d) it compares nothing. That verdicts are the same, object by object, is held by",
        "`tests/run`: for kubeconform's schemas always, for kube-linter's checks where one is brought. Plimsoll is built by",
        "`cargo build --profile dist`, as it is handed out.",
        f"Measured on {date}: {machine()}, load average {os.getloadavg()[2]:.1f}; {bench.versions};",
        f"seed {bench.given.seed}. Times are medians with the least and the most; memory is the most of any run, and of several",
        "processes that of the largest. Where the load is higher than the number of processors, others used them: then their times",
        "say more than the clock's.",
        "",
        "| what | Plimsoll | of the processors | memory | the peer | | of the processors | memory | faster | aim | |",
        "|---|--:|--:|--:|---|--:|--:|--:|--:|--:|---|",
    ]
    for row in bench.rows:
        ours, peer = row["ours"], row["peer"]
        aim, met = verdict(row)
        lines.append(
            f"| ({row['part']}) {row['what']} | {spread(ours)} | {ours.processor:.2f} s | {ours.memory:.0f} MB | {row['names'][1]} "
            f"| {spread(peer)} | {peer.processor:.2f} s | {peer.memory:.0f} MB | {row['ratio']:.1f} times | {aim} | {met} |"
        )
    if bench.started:
        lines += start(bench.started)
    lines += [
        "",
        f"Memory of at most half of each peer's is met by {sum(row['memory'] <= 0.5 for row in bench.rows)} of {len(bench.rows)} rows.",
    ]
    left_out = [part for part in "abcdef" if part not in bench.parts]
    if left_out:
        lines += ["", f"This run left out the parts {', '.join(f'({part})' for part in left_out)}."]
    if bench.growth:
        lines += grown(bench.growth)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "limits.md")
    with open(path) as file:
        lines += ["", file.read().rstrip()]
    return "\n".join(lines) + "\n"
