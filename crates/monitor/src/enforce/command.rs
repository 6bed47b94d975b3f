//! Programs that are told of bans: argument lists, never a shell, as a configured user, a few at a time,
//! each with an end.

use crate::enforce::order::{About, Act, Queue, Task};
use crate::enforce::running::{Output, Running, Runs};
use portreeve_model::{BanCommand, Family, Identity, Network};
use portreeve_sys::spawn::{Ids, Plan};
use portreeve_sys::{Exit, Pid, Status};
use portreeve_wire::clerk::BanRecord;
use portreeve_wire::control::EnforcerStatus;
use serde::{Deserialize, Serialize};
use std::ffi::CString;
use std::time::Duration;

/// With fewer waiting, the next of the bans that were there before are added.
const LOW: usize = 1024;
/// Where programs look for others.
const SEARCH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is run: the program at the door's start, or of one ban.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Run {
    /// `start`.
    Start,
    /// `ban` or `unban`.
    Of(Task),
}

impl Run {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Of(task) => task.act.word(),
        }
    }

    pub(super) fn network(&self) -> Option<Network> {
        match self {
            Self::Start => None,
            Self::Of(task) => Some(task.key.network),
        }
    }
}

/// One of them.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) config: BanCommand,
    /// As whom it runs, or why it cannot.
    pub(super) identity: Identity,
    queue: Queue,
    pub(super) runs: Runs,
    /// Whether `start` is to be run before anything else.
    start: bool,
    /// From which place on bans that were there before are to be told.
    pub(super) feed: Option<u32>,
    told: u64,
    failures: u64,
    lost: u64,
    pub(super) trouble: Option<String>,
}

/// What a successor gets of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Left {
    pub(crate) name: String,
    start: bool,
    feed: Option<u32>,
    tasks: Vec<Task>,
    running: Vec<(i32, Run)>,
    lost: u64,
}

/// What became of a run, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) run: Run,
    /// How it ended; `None` where it did what it was to do.
    pub(super) failure: Option<String>,
    pub(super) output: String,
    /// Whether it is run again.
    pub(super) again: bool,
}

impl Left {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Command {
    /// One at the door's start.
    pub(super) fn new(config: BanCommand, identity: Identity) -> Self {
        let start = !config.start.is_empty();
        Self {
            config,
            identity,
            queue: Queue::default(),
            runs: Runs::default(),
            start,
            feed: None,
            told: 0,
            failures: 0,
            lost: 0,
            trouble: None,
        }
    }

    /// Whether it is told of bans of such addresses.
    fn concerns(&self, ban: &BanRecord) -> bool {
        match self.config.family {
            Family::Dual => true,
            Family::V4 => ban.network.address().is_ipv4(),
            Family::V6 => ban.network.address().is_ipv6(),
        }
    }

    /// A ban is in force, or, not `new`, lasts longer.
    pub(super) fn added(&mut self, ban: &BanRecord, new: bool) {
        if !self.concerns(ban) {
            return;
        }
        let asks = |word: &String| word.contains("{seconds}");
        if !self.config.ban.is_empty() && (new || self.config.ban.iter().any(asks)) {
            self.push(Task::new(ban.key(), Act::Ban, about(ban), new));
        }
    }

    /// One is in force no more.
    pub(super) fn ended(&mut self, ban: &BanRecord) {
        if !self.concerns(ban) {
            return;
        }
        if !self.config.unban.is_empty() {
            self.push(Task::new(ban.key(), Act::Unban, about(ban), false));
        } else if !self.config.ban.is_empty() {
            self.queue.cancel(&ban.key());
        }
    }

    fn push(&mut self, task: Task) {
        if self.queue.push(task).is_err() {
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Whether more of the bans that were there before can be told.
    pub(super) fn wants_fed(&self) -> Option<u32> {
        self.feed.filter(|_| self.queue.len() < LOW)
    }

    /// One of them.
    pub(super) fn fed(&mut self, ban: &BanRecord) {
        if !self.config.ban.is_empty() && self.concerns(ban) {
            self.push(Task::new(ban.key(), Act::Ban, about(ban), false));
        }
    }

    /// What is to be run now, if anything.
    pub(super) fn next(&mut self, now: Duration) -> Option<Run> {
        let at_once = usize::try_from(self.config.at_once).unwrap_or(usize::MAX);
        if self.identity.is_err() || self.runs.len() >= at_once.max(1) || self.runs.starts() {
            return None;
        }
        if std::mem::take(&mut self.start) {
            return Some(Run::Start);
        }
        self.queue.take(now).map(Run::Of)
    }

    /// When something is to be done.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let at_once = usize::try_from(self.config.at_once).unwrap_or(usize::MAX);
        let free = self.identity.is_ok() && self.runs.len() < at_once.max(1) && !self.runs.starts();
        let fed = self.wants_fed().map(|_| Duration::ZERO);
        let queue = self.queue.next_due().filter(|_| free);
        fed.into_iter().chain(queue).chain(self.runs.next_due()).min()
    }

    /// Whether nothing waits and nothing runs.
    pub(super) fn is_idle(&self) -> bool {
        self.runs.is_empty() && (self.queue.is_idle() || self.identity.is_err())
    }

    /// How it is run.
    pub(super) fn plan(&self, run: &Run, now: i64) -> Result<Plan, String> {
        let ids = self.identity.clone()?;
        let words = match run {
            Run::Start => &self.config.start,
            Run::Of(task) if task.act == Act::Ban => &self.config.ban,
            Run::Of(_) => &self.config.unban,
        };
        let values = values(run, now);
        let text = |text: String| CString::new(text).map_err(|_| "a NUL byte".to_owned());
        let argv = words.iter().map(|word| text(expanded(word, &values)));
        let argv: Vec<CString> = argv.collect::<Result<_, _>>()?;
        let path = words.first().ok_or("there is no program")?;
        let mut plan = Plan::new(text(path.clone())?);
        plan.argv = argv;
        plan.env = vec![text(SEARCH.to_owned())?, text(format!("PORTREEVE_ACT={}", run.word()))?];
        for (name, value) in &values {
            let name = name.trim_matches(['{', '}']).to_uppercase();
            plan.env.push(text(format!("PORTREEVE_{name}={value}"))?);
        }
        plan.new_session = true;
        plan.umask = Some(0o022);
        plan.directory = Some(c"/".to_owned());
        plan.ids = ids.map(|ids| Ids { uid: ids.uid, gid: ids.gid, groups: ids.groups });
        Ok(plan)
    }

    /// One could not be started.
    pub(super) fn not_started(&mut self, run: Run, why: String, now: Duration) -> Outcome {
        self.over(run, Some(why), String::new(), now)
    }

    /// One has ended.
    pub(super) fn run_ended(&mut self, exit: Exit, now: Duration) -> Option<Outcome> {
        let Running { run, output, told, trouble, .. } = self.runs.ended(exit.pid)?;
        let failure = match (trouble, exit.status) {
            (Some(why), _) => Some(why),
            (None, _) if told => {
                Some(format!("ended: it took longer than {} s", self.config.timeout.as_secs()))
            }
            (None, Status::Code(0)) => None,
            (None, status) => Some(crate::convert::describe(status)),
        };
        let output = output.map(Output::last_words).unwrap_or_default();
        Some(self.over(run, failure, output, now))
    }

    fn over(
        &mut self,
        run: Run,
        failure: Option<String>,
        output: String,
        now: Duration,
    ) -> Outcome {
        self.told = self.told.saturating_add(1);
        let again = match &run {
            Run::Start => false,
            Run::Of(task) => self.queue.done(task.clone(), failure.is_none(), now),
        };
        self.failures = self.failures.saturating_add(failure.is_some().into());
        if !again {
            self.trouble.clone_from(&failure);
        }
        Outcome { run, failure, output, again }
    }

    /// For a successor.
    pub(super) fn left(&self) -> Left {
        let running = self.runs.all().map(|(pid, running)| (pid.as_raw(), running.run.clone()));
        Left {
            name: self.config.name.to_string(),
            start: self.start,
            feed: self.feed,
            tasks: self.queue.tasks().cloned().collect(),
            running: running.collect(),
            lost: self.lost,
        }
    }

    /// From a predecessor. What runs is a child of ours over an exec; else nobody hears how it ends.
    pub(super) fn inherit(&mut self, left: Left, children: bool, now: Duration) {
        (self.start, self.feed, self.lost) = (left.start, left.feed, left.lost);
        for task in left.tasks {
            self.push(task);
        }
        for (pid, run) in left.running.into_iter().filter(|_| children) {
            let Some(pid) = Pid::from_raw(pid) else { continue };
            if let Run::Of(task) = &run {
                self.queue.begun(task.key.clone());
            }
            self.runs.add(pid, Running::new(run, None, now.saturating_add(self.config.timeout)));
        }
    }

    /// Its configuration has changed.
    pub(super) fn configure(&mut self, config: BanCommand, identity: Identity) {
        self.start |= config.start != self.config.start && !config.start.is_empty();
        (self.config, self.identity) = (config, identity);
    }

    /// How its alarm begins.
    pub(super) fn alarm(&self) -> String {
        format!("command `{}` is not told of bans: ", self.config.name)
    }

    /// The alarm that not all could wait.
    pub(super) fn lost_alarm(&self) -> Option<String> {
        let name = &self.config.name;
        let text =
            || format!("command `{name}` is too slow: there are bans that it is never told of");
        (self.lost > 0).then(text)
    }

    pub(super) fn status(&self) -> EnforcerStatus {
        let waiting = self.queue.len().saturating_add(self.runs.len());
        EnforcerStatus {
            name: format!("command {}", self.config.name),
            entries: None,
            waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
            runs: self.told,
            failures: self.failures,
            lost: self.lost,
            trouble: self.identity.as_ref().err().or(self.trouble.as_ref()).cloned(),
        }
    }
}

fn about(ban: &BanRecord) -> About {
    About {
        until: ban.until,
        service: ban.service.as_str().into(),
        judge: ban.judge.as_str().into(),
    }
}

/// What placeholders stand for.
fn values(run: &Run, now: i64) -> Vec<(&'static str, String)> {
    let Run::Of(Task { key, act, about, .. }) = run else { return Vec::new() };
    let network = &key.network;
    let alone = *network == Network::host(network.address());
    let left = about.until.map_or(0, |until| until.saturating_sub(now).max(1));
    vec![
        // DenyHosts' plug-ins know one address; a network is written as such
        ("{address}", if alone { network.address().to_string() } else { network.to_string() }),
        ("{network}", format!("{}/{}", network.address(), network.length())),
        ("{family}", if network.address().is_ipv4() { "inet" } else { "inet6" }.to_owned()),
        ("{seconds}", if *act == Act::Ban { left } else { 0 }.to_string()),
        ("{service}", about.service.to_string()),
        ("{judge}", about.judge.to_string()),
        ("{only}", key.only.clone()),
    ]
}

fn expanded(word: &str, values: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        match values.iter().find(|(name, _)| from.starts_with(name)) {
            Some((name, value)) => {
                out.push_str(value);
                rest = from.get(name.len()..).unwrap_or_default();
            }
            None => {
                out.push('{');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_wire::clerk::BanKey;

    #[test]
    fn placeholders_stand_for_what_they_say_and_nothing_else_does() {
        let task = |network: &str, act| {
            let about = About { until: Some(160), service: "ssh".into(), judge: "strict".into() };
            let key = BanKey { network: network.parse().unwrap(), only: "imap".into() };
            Run::Of(Task::new(key, act, about, true))
        };
        let one = values(&task("203.0.113.9/32", Act::Ban), 100);
        let said =
            "{address} {network} {family} {seconds} {service}/{judge}/{only} {other} {address";
        assert_eq!(
            expanded(said, &one),
            "203.0.113.9 203.0.113.9/32 inet 60 ssh/strict/imap {other} {address"
        );
        let net = values(&task("2001:db8::/64", Act::Unban), 100);
        assert_eq!(expanded("{address} {family} {seconds}", &net), "2001:db8::/64 inet6 0");
        assert_eq!(expanded("{address}", &values(&Run::Start, 0)), "{address}");
    }
}
