"""Asks the installed fail2ban what it makes of lines, over a pipe: a JSON object a line each way.

{"stock": true}                       the names of the filters that are installed
{"read": NAME, "options": {}}         a filter, read and expanded by fail2ban itself
{"make": {...}}                       a filter of what "read" gave; answers its number
{"ask": NUMBER, "lines": [...]}       what it makes of each line, one after the other
{"samples": NAME}                     the annotated lines of a filter, as its own test reads them
"""

import datetime
import json
import os
import re
import sys
import time

os.environ["TZ"] = "Europe/Zurich"
time.tzset()
sys.path.insert(0, "/usr/lib/python3/dist-packages")

import logging
import warnings

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

from fail2ban.client.filterreader import FilterReader
from fail2ban.server.datedetector import DD_patternCache, DateDetector
from fail2ban.server.filter import FileContainer, Filter
from fail2ban.server.mytime import MyTime

NOW = 1124013600
STOCK = "/etc/fail2ban"
TESTS = "/usr/lib/python3/dist-packages/fail2ban/tests"
FILTERS = []

MyTime.setTime(NOW)


def read(name, options):
    own = os.path.join(TESTS, "config")
    base = own if name.startswith("zzz-") else STOCK
    reader = FilterReader(name, "jail", dict(options), basedir=base)
    reader.read()
    reader.getOptions({})
    out = {"failregex": [], "ignoreregex": []}
    for option in reader.convert():
        values = option[3] if option[0] == "multi-set" else [option[3]]
        what = option[2]
        if what == "addfailregex":
            out["failregex"] += values
        elif what == "addignoreregex":
            out["ignoreregex"] += values
        elif what in ("prefregex", "datepattern", "maxlines"):
            out[what] = values[0]
    return out


def make(text):
    # Counts that all filters of a process share would make the answer depend on the others.
    for template in DateDetector._defCache.templates:
        template.hits = 0
    DD_patternCache.clear()
    made = Filter(None)
    made.returnRawHost = True
    made.checkFindTime = False
    made.active = True
    if text.get("usedns"):
        made.setUseDns(text["usedns"])
    if text.get("maxlines"):
        made.setMaxLines(text["maxlines"])
    if text.get("prefregex"):
        made.prefRegex = text["prefregex"]
    for regex in text["failregex"]:
        made.addFailRegex(regex)
    for regex in text["ignoreregex"]:
        made.addIgnoreRegex(regex)
    if text.get("datepattern"):
        made.setDatePattern(text["datepattern"])
    FILTERS.append(made)
    return len(FILTERS) - 1


def ask(made, line, journal=False):
    try:
        if journal:
            now = datetime.datetime.utcfromtimestamp(NOW).isoformat()
            found = made.processLine(("", now, line), NOW)
        else:
            found = made.processLine(line)
    except Exception as error:
        return {"error": repr(error)}
    if not found:
        return None
    by, fid, date, fail = found[0]
    groups = {}
    for name, value in fail.items():
        if isinstance(value, tuple):
            value = ", ".join(str(part) for part in value)
        if isinstance(value, str):
            groups[name] = value
    return {
        "by": by + 1,
        "id": str(fid) if fid is not None else None,
        "time": date,
        "groups": groups,
        "many": len(found),
    }


def samples(name):
    """The way of fail2ban's own test over the annotated lines; each with what fail2ban says of it."""
    out = []
    files = [name]
    common = {}
    made = {}
    tests = []
    at = 0
    while at < len(files):
        path = os.path.join(TESTS, "files", "logs", files[at])
        at += 1
        if not os.path.isfile(path):
            continue
        log = FileContainer(path, "UTF-8", doOpen=True)
        log.waitForLineEnd = False
        skip = False
        number = 0
        for line in log:
            number += 1
            data = {}
            note = re.match("^#+ ?(failJSON|(?:file|filter)Options|addFILE):(.+)$", line)
            if note:
                data = json.loads(note.group(2))
                kind = note.group(1)
                if kind == "fileOptions":
                    common = data
                    continue
                if kind == "filterOptions":
                    tests = []
                    skip = False
                    for one in data if isinstance(data, list) else [data]:
                        options = dict(common)
                        options.update(one)
                        if options.get("test.condition"):
                            skip = not eval(options["test.condition"])
                        if not skip:
                            plain = {k: v for k, v in options.items() if not k.startswith("test.")}
                            tests.append((json.dumps(plain, sort_keys=True), plain, options))
                    continue
                if kind == "addFILE":
                    files.append(data)
                    continue
                line = next(log)
                number += 1
            elif skip or line.startswith("#") or not line.strip():
                continue
            if skip:
                continue
            if not tests:
                tests = [("{}", {}, {})]
            line = line.rstrip("\r\n")
            for key, plain, options in tests:
                opts = options
                if data.get("constraint") and not eval(data["constraint"]):
                    continue
                if key not in made:
                    text = read(name, plain)
                    made[key] = make(text)
                    out.append({"filter": key, "text": text})
                journal = options.get("logtype") == "journal"
                text = line
                if journal and options.get("test.prefix-line"):
                    text = options["test.prefix-line"] + line
                says = ask(FILTERS[made[key]], text, journal)
                when = data.get("time")
                if when is not None:
                    for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"):
                        try:
                            then = datetime.datetime.strptime(when, form)
                            data = dict(data)
                            data["seconds"] = int(time.mktime(then.timetuple()))
                            break
                        except ValueError:
                            pass
                where = "%s:%d" % (os.path.basename(path), number)
                out.append({"by": key, "line": text, "journal": journal, "data": data,
                            "says": says, "where": where})
    return out


for request in sys.stdin:
    request = json.loads(request)
    if "stock" in request:
        names = sorted(os.listdir(os.path.join(STOCK, "filter.d")))
        answer = [name[:-5] for name in names
                  if name.endswith(".conf") and not name.endswith("common.conf")]
    elif "read" in request:
        answer = read(request["read"], request.get("options", {}))
    elif "make" in request:
        try:
            answer = make(request["make"])
        except Exception as error:
            answer = {"error": repr(error)}
    elif "ask" in request:
        made = FILTERS[request["ask"]]
        answer = [ask(made, line) for line in request["lines"]]
    elif "samples" in request:
        answer = samples(request["samples"])
    print(json.dumps(answer), flush=True)
