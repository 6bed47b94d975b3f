"""Reads configurations with the installed fail2ban's own readers: a question a line, an answer a line."""
import json
import logging
import sys

from fail2ban.client.filterreader import FilterReader
from fail2ban.client.jailsreader import JailsReader

logging.disable(logging.CRITICAL)


def texts(stream, jail):
    """What a stream of commands comes to."""
    said = {"failregex": [], "ignoreregex": [], "journalmatch": [], "logpath": []}
    for command in stream:
        if command[0] == "multi-set":
            if command[2] in ("addfailregex", "addignoreregex"):
                said[command[2][3:]].extend(command[3])
        elif command[0] == "set" and command[1] == jail:
            option, values = command[2], command[3:]
            if option in ("addfailregex", "addignoreregex"):
                said[option[3:]].append(values[0])
            elif option == "addjournalmatch":
                said["journalmatch"].append(values)
            elif option in ("prefregex", "datepattern", "maxlines", "usedns"):
                said[option] = values[0]
    return said


def filter_(question):
    name, options = question["filter"], dict(question["options"])
    reader = FilterReader(name, "x", options, share_config={}, basedir=question["directory"])
    if not reader.read():
        raise ValueError("not there")
    reader.applyAutoOptions(question["backend"])
    reader.getOptions(None)
    return texts(reader.convert(), "x")


def jail(question):
    name = question["jail"]
    reader = JailsReader(force_enable=True, share_config={}, basedir=question["directory"])
    reader.read()
    if not reader.getOptions(name):
        raise ValueError("wrong")
    (one,) = reader.jails
    said = texts(one.convert(allow_no_files=True), name)
    if not one.options.get("backend", "").startswith("systemd"):
        said["logpath"] = one.options.get("logpath", "").split("\n")
    return said


def jails(question):
    reader = JailsReader(force_enable=True, share_config={}, basedir=question["directory"])
    reader.read()
    return {"names": [name for name in reader.sections() if name != "INCLUDES"]}


for line in sys.stdin:
    question = json.loads(line)
    answer = filter_ if "filter" in question else jail if "jail" in question else jails
    try:
        answer = answer(question)
    except Exception as error:
        answer = {"error": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(answer), flush=True)
