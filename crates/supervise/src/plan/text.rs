//! A plan as text.

use super::word::escaped;
use super::{Base, Command, Finish, Plan, Restart, Task, User, VERSION};
use portreeve_model::{Limit, Resource, ResourceLimit, Signal};
use std::fmt::Write as _;
use std::time::Duration;

impl Plan {
    /// As the file `plan` has it. What is as daemontools does it is left out.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = Text(format!("plan {VERSION}\n"));
        match &self.task {
            Task::Command(command) => text.command("file", "argument", command),
            Task::Log(log) => {
                text.word("log", &log.folder);
                text.line("log-size", log.size);
                text.line("log-files", log.files);
                text.flag("log-labels", log.labels);
            }
        }
        if let Some(User { uid, gid, groups }) = &self.user {
            text.line("user", uid);
            text.line("group", gid);
            groups.iter().for_each(|group| text.line("supplementary-group", group));
        }
        text.path("chroot", self.chroot.as_deref());
        text.path("directory", self.directory.as_deref());
        text.environment(self);
        self.limits.iter().for_each(|limit| text.limit(limit));
        text.number("nice", self.nice);
        if let Some(umask) = self.umask {
            text.line("umask", format_args!("{umask:03o}"));
        }
        text.flag("no-new-privs", self.no_new_privs);
        text.flag("new-session", self.new_session);
        text.flag("stderr-to-stdout", self.stderr_to_stdout);
        text.number("ready", self.ready);
        if let Some(Finish { command, within }) = &self.finish {
            text.command("finish", "finish-argument", command);
            match within {
                Some(within) => text.duration("finish-timeout", Some(*within)),
                None => text.line("finish-timeout", "none"),
            }
        }
        if self.stop_signal != Signal::TERM {
            text.line("stop-signal", self.stop_signal);
        }
        text.duration("kill-after", self.kill_after);
        text.restart(&self.restart);
        text.0
    }
}

struct Text(String);

impl Text {
    fn line(&mut self, key: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{key} {value}");
    }

    fn word(&mut self, key: &str, bytes: &[u8]) {
        self.line(key, escaped(bytes));
    }

    fn path(&mut self, key: &str, path: Option<&[u8]>) {
        if let Some(path) = path {
            self.word(key, path);
        }
    }

    fn flag(&mut self, key: &str, is: bool) {
        if is {
            let _ = writeln!(self.0, "{key}");
        }
    }

    fn number(&mut self, key: &str, number: Option<impl std::fmt::Display>) {
        if let Some(number) = number {
            self.line(key, number);
        }
    }

    fn duration(&mut self, key: &str, time: Option<Duration>) {
        if let Some(time) = time {
            self.line(key, format_args!("{}ms", time.as_millis()));
        }
    }

    fn command(&mut self, file: &str, argument: &str, command: &Command) {
        self.word(file, &command.file);
        command.arguments.iter().for_each(|word| self.word(argument, word));
    }

    fn environment(&mut self, plan: &Plan) {
        match &plan.environment.base {
            Base::Inherit => {}
            Base::Pass(names) => {
                self.flag("environment-empty", true);
                names.iter().for_each(|name| self.word("environment-pass", name));
            }
        }
        for (name, value) in &plan.environment.set {
            let _ = writeln!(self.0, "environment-set {} {}", escaped(name), escaped(value));
        }
        self.path("environment-directory", plan.environment_directory.as_deref());
    }

    fn limit(&mut self, limit: &ResourceLimit) {
        let name = Resource::ALL.iter().find(|(resource, _)| *resource == limit.resource);
        let name = name.map_or("", |(_, name)| name);
        let _ = writeln!(self.0, "limit {name} {} {}", bound(limit.soft), bound(limit.hard));
    }

    fn restart(&mut self, restart: &Restart) {
        let usual = Restart::default();
        let differs = |time: Duration, usual: Duration| (time != usual).then_some(time);
        self.duration("restart-delay", differs(restart.delay, usual.delay));
        self.duration("restart-longest", differs(restart.longest, usual.longest));
        self.number("restart-limit", restart.limit);
        self.duration("restart-within", differs(restart.within, usual.within));
    }
}

fn bound(limit: Limit) -> String {
    match limit {
        Limit::Unlimited => "unlimited".into(),
        Limit::At(bound) => bound.to_string(),
    }
}
