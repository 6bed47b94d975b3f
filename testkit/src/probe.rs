//! `portreeve-probe`: a service that prints what it was given as one JSON object, and ends.
//!
//! Run it as the server of a service under xinetd and under portreeve, and compare. Arguments
//! other than these are only reported: `exit=N` (the exit status), `sleep=SECONDS` (stay so long
//! after printing), `drain` (stay until standard input ends), `complain=TEXT` (write the text and
//! a line end to standard error first).
//!
//! Two things it cannot tell, since Rust's start-up changes them before the program begins: a
//! closed descriptor 0, 1 or 2 shows as `/dev/null`, and SIGPIPE, which is therefore left out of
//! `ignored`. [`RAW_SCRIPT`] shows both.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, io};

use rustix::fs::{Dir, Mode, OFlags, open};
use rustix::net::sockopt::{socket_keepalive, tcp_nodelay};
use serde_json::{Value, json};

use crate::process::ProcStatus;

/// Width of the first column of `/proc/PID/limits`.
const LIMIT_NAME: usize = 25;

/// SIGPIPE's bit in a signal set.
const SIGPIPE: u64 = 1 << 12;

/// The C library's own two signals: nobody can change what it inherited for them.
const PRIVATE: u64 = 0b11 << 31;

/// A server in shell that prints, a line each: the blocked and ignored signals as the kernel has
/// them, and the numbers of the open descriptors but for the one from which the shell reads this
/// script. Name it by its whole path.
pub const RAW_SCRIPT: &str = r#"#!/bin/sh
while read -r name value; do
	case $name in SigBlk:|SigIgn:) echo "$name $value" ;; esac
done </proc/$$/status
cd /proc/$$/fd
for number in *; do
	# The descriptor with which the shell listed this folder is gone by now.
	[ ! -L "$number" ] || [ "$number" -ef "$0" ] || echo "fd: $number"
done
"#;

/// The program: prints the report, then does as its arguments say.
#[must_use]
pub fn main() -> ExitCode {
    // First of all: nothing of ours may be open yet.
    let report = report();
    let mut status = ExitCode::SUCCESS;
    let arguments: Vec<_> = env::args_os().map(|word| lossy(&word)).collect();
    if let Some(text) = arguments.iter().find_map(|word| word.strip_prefix("complain=")) {
        let _ = writeln!(io::stderr(), "{text}");
    }
    let mut out = io::stdout();
    if writeln!(out, "{report}").and_then(|()| out.flush()).is_err() {
        return ExitCode::from(99);
    }
    for word in &arguments {
        match word.split_once('=') {
            Some(("exit", code)) => status = ExitCode::from(code.parse::<u8>().unwrap_or(98)),
            Some(("sleep", time)) => {
                std::thread::sleep(Duration::from_secs(time.parse().unwrap_or_default()));
            }
            Some(_) => {}
            None if word == "drain" => {
                let _ = io::copy(&mut io::stdin().take(1 << 30), &mut io::sink());
            }
            None => {}
        }
    }
    status
}

/// Everything about this process that its parent decides.
fn report() -> Value {
    let descriptors = descriptors().unwrap_or_else(|error| json!({"error": error.to_string()}));
    let status = ProcStatus::parse(&read("status"));
    let stat = read("stat");
    // The name in parentheses may hold anything; what follows is counted from field 3.
    let stat: Vec<_> =
        stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split_ascii_whitespace().collect();
    let field = |number: usize| stat.get(number - 3).copied().unwrap_or_default();
    let own = std::process::id().to_string();
    let environment: BTreeMap<_, _> =
        env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value))).collect();
    json!({
        "uid": status.uids(),
        "gid": status.gids(),
        "groups": status.groups(),
        "capabilities": status.get("CapEff"),
        "no_new_privs": status.get("NoNewPrivs"),
        "seccomp": status.get("Seccomp"),
        "umask": format!("{:03o}", status.umask()),
        "nice": field(19),
        "limits": limits(),
        "argv": env::args_os().map(|word| lossy(&word)).collect::<Vec<_>>(),
        "environment": environment,
        "directory": link("cwd"),
        "root": link("root"),
        "session_leader": field(6) == own,
        "group_leader": field(5) == own,
        "terminal": field(7) != "0",
        "descriptors": descriptors,
        "connection": connection().unwrap_or(Value::Null),
        "blocked": format!("{:016x}", status.set("SigBlk")),
        "ignored": format!("{:016x}", status.set("SigIgn") & !SIGPIPE & !PRIVATE),
        "oom_score_adj": read("oom_score_adj").trim(),
    })
}

/// Each open descriptor: what it is, which other one it equals, and its flags.
fn descriptors() -> io::Result<Value> {
    let folder = open("/proc/self/fd", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
    let own = folder.as_raw_fd().to_string();
    let mut numbers = Vec::new();
    for entry in Dir::new(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.parse::<u32>().is_ok() && name != own {
            numbers.push(name);
        }
    }
    numbers.sort_by_key(|name| name.parse::<u32>().unwrap_or_default());
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    let mut all = serde_json::Map::new();
    for number in numbers {
        let target = link(&format!("fd/{number}"));
        let same = first.entry(target.clone()).or_insert_with(|| number.clone()).clone();
        let info = ProcStatus::parse(&read(&format!("fdinfo/{number}")));
        // `socket:[1234]`: the number differs at each run.
        let what = target.split_once(":[").map_or(target.as_str(), |(kind, _)| kind).to_owned();
        let flags = info.get("flags");
        all.insert(number, json!({"what": what, "same_as": same, "flags": flags}));
    }
    Ok(Value::Object(all))
}

/// Standard input, when it is a TCP connection: its ends without ports, and its options.
fn connection() -> io::Result<Value> {
    let stream = TcpStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    Ok(json!({
        "local": stream.local_addr()?.ip().to_string(),
        "peer": stream.peer_addr()?.ip().to_string(),
        "nodelay": tcp_nodelay(&stream)?,
        "keepalive": socket_keepalive(&stream)?,
    }))
}

/// Each limit, soft and hard, as the kernel words it.
fn limits() -> BTreeMap<String, [String; 2]> {
    let text = read("limits");
    let rows = text.lines().skip(1).filter_map(|line| {
        let (name, values) = line.split_at_checked(LIMIT_NAME)?;
        let mut values = values.split_ascii_whitespace().map(str::to_owned);
        Some((name.trim().to_owned(), [values.next()?, values.next()?]))
    });
    rows.collect()
}

/// A file about this process.
fn read(name: &str) -> String {
    fs::read_to_string(Path::new("/proc/self").join(name)).unwrap_or_default()
}

/// Where a link about this process leads.
fn link(name: &str) -> String {
    let target = fs::read_link(Path::new("/proc/self").join(name));
    target.map_or_else(|error| error.to_string(), |target| lossy(target.as_os_str()))
}

fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}
