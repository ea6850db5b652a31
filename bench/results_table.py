"""The figures of one run as Markdown."""

SCENARIOS = {"cold": "cold build + push", "no_op": "no-op", "code_change": "code change", "pin_bump": "one pin bumped",
             "fresh_runner": "code change, fresh runner, registry cache"}


def _bytes(count):
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} B"


def _title(scenario):
    return SCENARIOS.get(scenario) or "pull + unpack by " + scenario.removeprefix("pull_by_")


def _cell(figures, mine):
    if figures is None:
        return "-"
    text = f"{figures['wall_s']:.2f} / {figures['cpu_s']:.2f}"
    if mine and mine is not figures and mine["wall_s"] > 0:
        text += f" ({figures['wall_s'] / mine['wall_s']:.1f} x)"
    return text


def _table(result, title, cell):
    names = list(result["builders"])
    lines = [f"| {title} | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    scenarios = dict.fromkeys(name for told in result["builders"].values() for name in told["median"])
    for scenario in scenarios:
        row = [told["median"].get(scenario) for told in result["builders"].values()]
        lines.append(f"| {_title(scenario)} | " + " | ".join(cell(figures, row[0]) for figures in row) + " |")
    return lines


def _images(result):
    lines = ["| image | " + " | ".join(result["builders"]) + " |", "| --- |" + " ---: |" * len(result["builders"])]
    rows = {"compressed": lambda told: _bytes(told["image"]["compressed_bytes"]) if "compressed_bytes" in told["image"] else "-",
            "plain": lambda told: _bytes(told["image"]["plain_bytes"]) if "plain_bytes" in told["image"] else "-",
            "layers": lambda told: str(told["image"].get("layers", "-")),
            "same digest twice": lambda told: {True: "yes", False: "no", None: "not tried"}[told["same_digest_twice"]]}
    return lines + [f"| {name} | " + " | ".join(row(told) for told in result["builders"].values()) + " |" for name, row in rows.items()]


def markdown(result):
    machine, before, after = result["machine"], result["calibration_before"], result["calibration_after"]
    rounds = max((len(told["rounds"]) for told in result["builders"].values()), default=0)
    lines = [f"## {result['case']}, bytecode {result['bytecode']}: {result['date']}", "",
             f"{machine['processors']} processors ({machine['model']}), {machine['system']}, load {machine['load']} at the start; medians of {rounds} rounds. "
             f"SHA-256 of 256 MiB took {before['sha256_256MiB_s']} s before and {after['sha256_256MiB_s']} s after, inflating as much "
             f"{before['inflate_256MiB_s']} and {after['inflate_256MiB_s']} s.", ""]
    lines += ["; ".join(f"{name}: {told['version']}" for name, told in result["builders"].items()) + ".", ""]
    lines += [f"Left out: {name}: {why}" for name, why in result["left_out"].items()]
    lines += [*_table(result, "wall s / CPU s (times mlbuild's wall)", _cell), ""]
    for title, key in (("sent to the registry", "sent_bytes"), ("received from the registry", "received_bytes"), ("peak memory", "peak_memory_bytes")):
        lines += [*_table(result, title, lambda figures, _, key=key: "-" if figures is None else _bytes(figures[key])), ""]
    lines += [*_images(result), ""]
    if floor := result.get("floor"):
        lines.append(f"The floor for the bytes of mlbuild's image, one thread: inflate (with zlib; mlbuild's own inflates twice as fast) and SHA-256 of both forms {floor['inflate_and_sha256_s']} s, "
                     f"copy {floor['copy_s']} s, loopback {floor['loopback_s']} s.")
    failures = [f"{name} failed: {text.splitlines()[0]}" for name, told in result["builders"].items() for text in told.get("failures", [])]
    return "\n".join([*lines, *failures]) + "\n"
