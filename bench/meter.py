"""What a run cost: wall time, CPU of everything it started, the most memory at one moment.

A daemon's work is not its client's. So daemons are started below a nanny, a process that takes in every orphan below it: what
lives below the nanny, and what it and the others there have waited for, is all the work of that daemon's containers, shims and helpers."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36


def _stat(pid):
    """(parent, CPU seconds of itself and of those it waited for); None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), sum(map(int, fields[11:15])) / TICKS


def _processes():
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (status := _stat(name)):
            found[int(name)] = status
    return found


def tree(roots):
    """CPU seconds of each live process that is one of the roots or below one."""
    processes, cpu = _processes(), {}
    children = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    waiting = [pid for pid in roots if pid in processes]
    while waiting:
        pid = waiting.pop()
        if pid not in cpu:
            cpu[pid] = processes[pid][1]
            waiting += children.get(pid, [])
    return cpu


def _memory(pid):
    """Bytes that are its own: not the pages of files, which anybody can drop."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith(("RssAnon:", "RssShmem:")))
    except OSError:
        return 0


class _MemoryWatch:
    def __init__(self, roots):
        self._roots, self.most, self._stop = roots, 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self._stop.wait(0.05):
            self.most = max(self.most, sum(map(_memory, tree(self._roots))))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


class Failed(Exception):
    pass


def measured(commands, daemons=(), env=None, cwd=None, timeout=3600):
    """Runs the commands one after another; returns the figures of all, and stdout of the last. `daemons`: pids of nannies."""
    before, out = sum(tree(daemons).values()), b""
    client_cpu, peak = 0.0, 0
    begin = time.monotonic()
    for command in commands:
        with open(os.devnull, "rb") as nothing:
            child = subprocess.Popen(list(map(str, command)), stdin=nothing, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd)
        with _MemoryWatch([child.pid, *daemons]) as watch:
            killer = threading.Timer(timeout, child.kill)
            killer.daemon = True  # an interrupted run does not wait for it
            killer.start()
            reader = threading.Thread(target=lambda c=child: setattr(c, "said", c.stderr.read()))
            reader.start()
            out = child.stdout.read()
            reader.join()
            _, status, usage = os.wait4(child.pid, 0)
            killer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise Failed(f"{' '.join(map(str, command))}: exit {child.returncode}\n{out.decode(errors='replace')[-2000:]}\n"
                         f"{child.said.decode(errors='replace')[-4000:]}")
        client_cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, watch.most)
    wall = time.monotonic() - begin
    daemon_cpu = sum(tree(daemons).values()) - before
    return {"wall_s": round(wall, 3), "cpu_s": round(client_cpu + daemon_cpu, 3), "peak_memory_bytes": peak}, out.decode(errors="replace")


class Nanny:
    """A daemon below a process of its own."""

    def __init__(self, command, log, env=None):
        self._log = log
        with open(log, "wb") as out:
            self._process = subprocess.Popen([sys.executable, __file__, *map(str, command)], stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env,
                                             start_new_session=True)
        self.pid = self._process.pid

    def runs(self):
        return self._process.poll() is None

    def last_words(self):
        with open(self._log, errors="replace") as log:
            return "\n".join(log.read().splitlines()[-8:])

    def end(self):
        if self.runs():
            self._process.terminate()
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                for pid in tree([self.pid]):
                    os.kill(pid, signal.SIGKILL)
                self._process.wait()


def _nurse(command):
    """Starts the daemon, hands SIGTERM on to it, and waits for whatever ends below."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    daemon = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: daemon.send_signal(signal.SIGTERM))
    while True:
        try:
            pid, _ = os.wait()
        except ChildProcessError:
            return
        if pid == daemon.pid:
            break
    for pid in tree([os.getpid()]):  # what the daemon left behind
        if pid != os.getpid():
            os.kill(pid, signal.SIGKILL)



if __name__ == "__main__":
    _nurse(sys.argv[1:])
