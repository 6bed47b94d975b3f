//! A plan from its text.

use super::value::{
    Value, deaths, file, flag, id, limit, log_files, log_size, name, nice, path, ready, signal,
    time, umask, variable, word,
};
use super::{
    Base, Command, Environment, FINISH_WITHIN, Finish, Log, MOST, MOST_GROUPS, MOST_WORDS, Plan,
    Restart, Task, User, VERSION,
};
use portreeve_model::{ResourceLimit, Signal};
use std::fmt;
use std::time::Duration;

/// Why a text is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPlan {
    /// The line, from 1; 0 is the text as a whole.
    pub line: usize,
    /// What is wrong.
    pub wrong: Wrong,
}

/// What is wrong with a line, or with the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// More than [`MOST`] bytes.
    TooLong,
    /// The first line is not `plan 1`.
    Version,
    /// A line that is empty, or not in visible ASCII.
    Line,
    /// A key that is not known, as it is written (cut).
    Key(String),
    /// A key that must not be there again.
    Again(&'static str),
    /// A key whose value is not what it takes, and what that is.
    Value(&'static str, &'static str),
    /// More of a key than there may be.
    TooMany(&'static str),
    /// A key that means nothing without another.
    Without(&'static str, &'static str),
    /// Neither a program nor a log, or both.
    Task,
    /// A log that is not wholly said.
    Log,
}

impl fmt::Display for BadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        match &self.wrong {
            Wrong::TooLong => write!(f, "longer than {MOST} bytes"),
            Wrong::Version => write!(f, "not `plan {VERSION}`: written by another version"),
            Wrong::Line => {
                f.write_str("not a key and words in visible ASCII, ended by a line feed")
            }
            Wrong::Key(key) => write!(f, "unknown key `{key}`"),
            Wrong::Again(key) => write!(f, "`{key}` is there twice"),
            Wrong::Value(key, takes) => write!(f, "`{key}` takes {takes}"),
            Wrong::TooMany(key) => write!(f, "too many lines of `{key}`"),
            Wrong::Without(key, other) => write!(f, "`{key}` without `{other}`"),
            Wrong::Task => f.write_str("one of `file` and `log` is needed"),
            Wrong::Log => f.write_str("`log-size` and `log-files` are needed with `log`"),
        }
    }
}

impl std::error::Error for BadPlan {}

impl Plan {
    /// From a file `plan`.
    ///
    /// # Errors
    /// When it is not wholly one: see [`Wrong`].
    pub fn parse(text: &[u8]) -> Result<Self, BadPlan> {
        let whole = |wrong| BadPlan { line: 0, wrong };
        if text.len() > MOST {
            return Err(whole(Wrong::TooLong));
        }
        let mut draft = Draft::default();
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').zip(1..);
        let version = format!("plan {VERSION}\n");
        match lines.next() {
            Some((first, _)) if first == version.as_bytes() => {}
            _ => return Err(BadPlan { line: 1, wrong: Wrong::Version }),
        }
        for (line, number) in lines {
            draft.line(line).map_err(|wrong| BadPlan { line: number, wrong })?;
        }
        draft.done().map_err(whole)
    }
}

/// A plan while it is read.
#[derive(Default)]
struct Draft {
    file: Option<Vec<u8>>,
    arguments: Vec<Vec<u8>>,
    log: Option<Vec<u8>>,
    log_size: Option<u64>,
    log_files: Option<u32>,
    log_labels: Option<()>,
    user: Option<u32>,
    group: Option<u32>,
    groups: Vec<u32>,
    chroot: Option<Vec<u8>>,
    directory: Option<Vec<u8>>,
    empty: Option<()>,
    pass: Vec<Vec<u8>>,
    set: Vec<(Vec<u8>, Vec<u8>)>,
    environment_directory: Option<Vec<u8>>,
    limits: Vec<ResourceLimit>,
    nice: Option<i32>,
    umask: Option<u32>,
    no_new_privs: Option<()>,
    new_session: Option<()>,
    stderr_to_stdout: Option<()>,
    ready: Option<u32>,
    finish: Option<Vec<u8>>,
    finish_arguments: Vec<Vec<u8>>,
    finish_timeout: Option<Option<Duration>>,
    stop_signal: Option<Signal>,
    kill_after: Option<Duration>,
    restart_delay: Option<Duration>,
    restart_longest: Option<Duration>,
    restart_limit: Option<u32>,
    restart_within: Option<Duration>,
}

impl Draft {
    fn line(&mut self, line: &[u8]) -> Result<(), Wrong> {
        let line = line.strip_suffix(b"\n").ok_or(Wrong::Line)?;
        let (key, value) = match line.iter().position(|byte| *byte == b' ') {
            Some(at) => (line.get(..at), line.get(at.saturating_add(1)..)),
            None => (Some(line), None),
        };
        let key = key.and_then(|key| str::from_utf8(key).ok()).unwrap_or_default();
        let plain = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if key.is_empty() || !plain {
            return Err(Wrong::Line);
        }
        self.setting(key, value)
    }

    /// One line.
    fn setting(&mut self, key: &str, value: Option<&[u8]>) -> Result<(), Wrong> {
        match key {
            "file" => once(&mut self.file, "file", file("file", value)),
            "argument" => {
                more(&mut self.arguments, "argument", MOST_WORDS, word("argument", value))
            }
            "log" => once(&mut self.log, "log", path("log", value)),
            "log-size" => once(&mut self.log_size, "log-size", log_size(value)),
            "log-files" => once(&mut self.log_files, "log-files", log_files(value)),
            "log-labels" => once(&mut self.log_labels, "log-labels", flag("log-labels", value)),
            "user" => once(&mut self.user, "user", id("user", value)),
            "group" => once(&mut self.group, "group", id("group", value)),
            "supplementary-group" => {
                let key = "supplementary-group";
                more(&mut self.groups, key, MOST_GROUPS, id(key, value))
            }
            "chroot" => once(&mut self.chroot, "chroot", path("chroot", value)),
            "directory" => once(&mut self.directory, "directory", path("directory", value)),
            "environment-empty" => {
                once(&mut self.empty, "environment-empty", flag("environment-empty", value))
            }
            "environment-pass" => more(
                &mut self.pass,
                "environment-pass",
                MOST_WORDS,
                name("environment-pass", value),
            ),
            "environment-set" => {
                more(&mut self.set, "environment-set", MOST_WORDS, variable(value))
            }
            "environment-directory" => {
                let key = "environment-directory";
                once(&mut self.environment_directory, key, file(key, value))
            }
            "limit" => self.limit(value),
            "nice" => once(&mut self.nice, "nice", nice(value)),
            "umask" => once(&mut self.umask, "umask", umask(value)),
            "no-new-privs" => {
                once(&mut self.no_new_privs, "no-new-privs", flag("no-new-privs", value))
            }
            "new-session" => once(&mut self.new_session, "new-session", flag("new-session", value)),
            "stderr-to-stdout" => once(
                &mut self.stderr_to_stdout,
                "stderr-to-stdout",
                flag("stderr-to-stdout", value),
            ),
            "ready" => once(&mut self.ready, "ready", ready(value)),
            _ => self.ending(key, value),
        }
    }

    /// One line about the end of a service, and what follows it.
    fn ending(&mut self, key: &str, value: Option<&[u8]>) -> Result<(), Wrong> {
        match key {
            "finish" => once(&mut self.finish, "finish", file("finish", value)),
            "finish-argument" => {
                let key = "finish-argument";
                more(&mut self.finish_arguments, key, MOST_WORDS, word(key, value))
            }
            "finish-timeout" => {
                let time = match value {
                    Some(b"none") => Ok(None),
                    _ => time("finish-timeout", value).map(Some),
                };
                once(&mut self.finish_timeout, "finish-timeout", time)
            }
            "stop-signal" => once(&mut self.stop_signal, "stop-signal", signal(value)),
            "kill-after" => once(&mut self.kill_after, "kill-after", time("kill-after", value)),
            "restart-delay" => {
                once(&mut self.restart_delay, "restart-delay", time("restart-delay", value))
            }
            "restart-longest" => {
                once(&mut self.restart_longest, "restart-longest", time("restart-longest", value))
            }
            "restart-limit" => once(&mut self.restart_limit, "restart-limit", deaths(value)),
            "restart-within" => {
                once(&mut self.restart_within, "restart-within", time("restart-within", value))
            }
            _ => Err(Wrong::Key(key.chars().take(64).collect())),
        }
    }

    fn limit(&mut self, value: Option<&[u8]>) -> Result<(), Wrong> {
        let limit = limit(value)?;
        if self.limits.iter().any(|known| known.resource == limit.resource) {
            return Err(Wrong::Again("limit"));
        }
        self.limits.push(limit);
        Ok(())
    }

    fn done(self) -> Result<Plan, Wrong> {
        let restart = self.restart()?;
        let user = self.user()?;
        let finish = finish(self.finish, self.finish_arguments, self.finish_timeout)?;
        let base = match (self.empty, self.pass.is_empty()) {
            (Some(()), _) => Base::Pass(self.pass),
            (None, true) => Base::Inherit,
            (None, false) => return Err(Wrong::Without("environment-pass", "environment-empty")),
        };
        let task = match (self.file, self.log, self.log_size, self.log_files) {
            (Some(file), None, None, None) if self.log_labels.is_none() => {
                Task::Command(command(file, self.arguments, ("file", "argument"))?)
            }
            (None, Some(folder), Some(size), Some(files)) if self.arguments.is_empty() => {
                Task::Log(Log { folder, size, files, labels: self.log_labels.is_some() })
            }
            (None, Some(_), _, _) => return Err(Wrong::Log),
            _ => return Err(Wrong::Task),
        };
        Ok(Plan {
            task,
            user,
            chroot: self.chroot,
            directory: self.directory,
            environment: Environment { base, set: self.set },
            environment_directory: self.environment_directory,
            limits: self.limits,
            nice: self.nice,
            umask: self.umask,
            no_new_privs: self.no_new_privs.is_some(),
            new_session: self.new_session.is_some(),
            stderr_to_stdout: self.stderr_to_stdout.is_some(),
            ready: self.ready,
            finish,
            stop_signal: self.stop_signal.unwrap_or(Signal::TERM),
            kill_after: self.kill_after,
            restart,
        })
    }

    fn user(&self) -> Result<Option<User>, Wrong> {
        match (self.user, self.group) {
            (Some(uid), Some(gid)) => Ok(Some(User { uid, gid, groups: self.groups.clone() })),
            (None, None) if self.groups.is_empty() => Ok(None),
            (Some(_), None) => Err(Wrong::Without("user", "group")),
            (None, Some(_)) => Err(Wrong::Without("group", "user")),
            (None, None) => Err(Wrong::Without("supplementary-group", "user")),
        }
    }

    fn restart(&self) -> Result<Restart, Wrong> {
        let usual = Restart::default();
        let delay = self.restart_delay.unwrap_or(usual.delay);
        let longest = self.restart_longest.unwrap_or(usual.longest.max(delay));
        if longest < delay {
            return Err(Wrong::Value(
                "restart-longest",
                "a time that is not below `restart-delay`",
            ));
        }
        let within = self.restart_within.unwrap_or(usual.within);
        Ok(Restart { delay, longest, limit: self.restart_limit, within })
    }
}

/// A program that is wholly said, by these keys.
fn command(
    file: Vec<u8>,
    arguments: Vec<Vec<u8>>,
    keys: (&'static str, &'static str),
) -> Result<Command, Wrong> {
    match arguments.is_empty() {
        true => Err(Wrong::Without(keys.0, keys.1)),
        false => Ok(Command { file, arguments }),
    }
}

fn finish(
    file: Option<Vec<u8>>,
    arguments: Vec<Vec<u8>>,
    within: Option<Option<Duration>>,
) -> Result<Option<Finish>, Wrong> {
    let Some(file) = file else {
        return match (arguments.is_empty(), within) {
            (true, None) => Ok(None),
            (false, _) => Err(Wrong::Without("finish-argument", "finish")),
            (true, Some(_)) => Err(Wrong::Without("finish-timeout", "finish")),
        };
    };
    let command = command(file, arguments, ("finish", "finish-argument"))?;
    Ok(Some(Finish { command, within: within.unwrap_or(Some(FINISH_WITHIN)) }))
}

fn once<T>(place: &mut Option<T>, key: &'static str, value: Value<T>) -> Result<(), Wrong> {
    if place.is_some() {
        return Err(Wrong::Again(key));
    }
    *place = Some(value?);
    Ok(())
}

fn more<T>(
    place: &mut Vec<T>,
    key: &'static str,
    most: usize,
    value: Value<T>,
) -> Result<(), Wrong> {
    if place.len() >= most {
        return Err(Wrong::TooMany(key));
    }
    place.push(value?);
    Ok(())
}
