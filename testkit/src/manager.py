"""A small service manager for tests: does with one daemon what systemd does.

Arguments: the notify socket (a path, or @name), the most descriptors it stores, addresses of
sockets it opens itself as a socket unit would (ADDRESS:PORT,... or -), then the daemon's command.
Commands come on standard input, a line each; what happens goes to standard output.
"""
import array, ctypes, fcntl, os, select, signal, socket, sys

PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

place, limit, units, command = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind("\0" + place[1:] if place.startswith("@") else place)
ear.setblocking(False)
store = []  # (name, descriptor), in the order of their coming
opened = []
for unit in units.split(","):
    if unit != "-":
        address, port = unit.rsplit(":", 1)
        opened.append(socket.create_server((address, int(port)), backlog=4096))
main = None
again = False


def say(*words):
    print(*words, flush=True)


def same(a, b):
    a, b = os.fstat(a), os.fstat(b)
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)


def start():
    global main
    main = os.fork()
    if main == 0:
        given = [("a-unit", s.fileno()) for s in opened] + store
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 4096) for _, fd in given]
        for number, fd in enumerate(high, 3):
            os.dup2(fd, number, inheritable=True)
        for fd in high:
            os.close(fd)
        environment = {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": place, "WATCHDOG_USEC": "2000000"}
        environment["WATCHDOG_PID"] = str(os.getpid())
        if given:
            environment["LISTEN_PID"] = str(os.getpid())
            environment["LISTEN_FDS"] = str(len(given))
            environment["LISTEN_FDNAMES"] = ":".join(name for name, _ in given)
        os.execve(command[0], command, environment)
    say("started", main, "with", len(store))


def heard(text, fds):
    words = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    name = words.get("FDNAME", "stored")
    if words.get("FDSTORE") == "1":
        for fd in fds:
            if len(store) < limit and not any(same(fd, kept) for _, kept in store):
                store.append((name, os.dup(fd)))
    if words.get("FDSTOREREMOVE") == "1":
        for kept in [kept for kept in store if kept[0] == name]:
            os.close(kept[1])
            store.remove(kept)
    for word in ["READY", "RELOADING", "STOPPING", "WATCHDOG"]:
        if words.get(word) == "1":
            say(word.lower())
    if "STATUS" in words:
        say("status", words["STATUS"])


def listen():
    while True:
        try:
            text, ancillary, _, _ = ear.recvmsg(65536, socket.CMSG_SPACE(4 * 256))
        except BlockingIOError:
            return
        fds = array.array("i")
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        heard(text.decode(), fds)
        for fd in fds:
            os.close(fd)


def reap():
    global main
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == main:
            listen()
            say("ended", os.waitstatus_to_exitcode(status))
            main = None


def ordered(line):
    global again
    if line in ("restart", "stop"):
        again = line == "restart"
        os.kill(main, signal.SIGTERM)
    elif line in ("crash", "hup", "term"):
        again = line == "crash" or again
        number = {"crash": signal.SIGKILL, "hup": signal.SIGHUP, "term": signal.SIGTERM}[line]
        os.kill(main, number)
    elif line == "store":
        say("store", *sorted(name for name, _ in store))


start()
while True:
    ready, _, _ = select.select([ear, sys.stdin], [], [], 0.02)
    if ear in ready:
        listen()
    if sys.stdin in ready:
        line = sys.stdin.readline()
        if not line:
            break
        ordered(line.strip())
    reap()
    if main is None and again:
        again = False
        start()
