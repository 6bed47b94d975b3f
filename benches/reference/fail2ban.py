"""Feeds a log to fail2ban's own filter class, and says what that alone took.

fail2ban.py LOG FILTER: prints seconds, lines, and failures found. Reading the configuration and compiling the
filter are not counted, nor is what fail2ban-regex does besides; names are not looked up.
"""

import logging
import sys
import time

sys.path.insert(0, "/usr/lib/python3/dist-packages")

from fail2ban.client.filterreader import FilterReader  # noqa: E402
from fail2ban.server.filter import Filter  # noqa: E402

logging.getLogger("fail2ban").setLevel(logging.CRITICAL)


def load(name):
    """A filter of /etc/fail2ban, as the server is told of it."""
    reader = FilterReader(name, "bench", {}, basedir="/etc/fail2ban")
    reader.read()
    reader.applyAutoOptions("")
    reader.getOptions(None)
    found = Filter(None, useDns="no")
    found.checkFindTime = False
    for words in reader.convert():
        option, values = words[2], words[3] if words[0] == "multi-set" else words[3:]
        for value in values:
            if option == "prefregex":
                found.prefRegex = value
            elif option == "addfailregex":
                found.addFailRegex(value)
            elif option == "addignoreregex":
                found.addIgnoreRegex(value)
            elif option == "maxlines":
                found.setMaxLines(value)
            elif option == "datepattern":
                found.setDatePattern(value)
    return found


def main():
    """Times it."""
    found = load(sys.argv[2])
    lines = failures = 0
    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        begin = time.perf_counter()
        for line in log:
            lines += 1
            failures += len(found.processLine(line.rstrip("\n")))
        seconds = time.perf_counter() - begin
    print(f"{seconds:.6f} {lines} {failures}")


main()
