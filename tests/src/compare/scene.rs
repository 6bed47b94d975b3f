//! What is configured and what is done, as tables write it.

use super::Entry;
use portreeve_testkit::World;
use std::any::Any;
use std::net::{IpAddr, SocketAddr};

/// Where the first entry of the first script listens; each further entry has the next port.
const FIRST_PORT: u16 = 7000;

/// What every scene's service logs hold, unless it says otherwise.
const LOGGED: &str = "defaults\n{\n\tlog_type = FILE /var/log/services.log\n\
    \tlog_on_success = HOST PID EXIT DURATION\n\tlog_on_failure = HOST\n}\n";

/// One connection.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Whose.
    pub peer: IpAddr,
    /// To where; resolved when the scene takes it.
    pub to: SocketAddr,
    /// What the peer says as soon as it is connected.
    pub says: &'static str,
    /// The peer leaves when it has read this; else it reads to the end.
    pub until: Option<&'static str>,
    /// Which entry of its script it is for.
    entry: usize,
    /// A host or a whole address other than the entry's own.
    at: Option<&'static str>,
}

/// A connection of this peer.
///
/// # Panics
/// When the text is no address.
#[must_use]
pub fn from(peer: &str) -> Visit {
    let peer = peer.parse().unwrap_or_else(|error| panic!("{peer}: {error}"));
    let to = SocketAddr::from(([0, 0, 0, 0], 0));
    Visit { peer, to, says: "", until: None, entry: 0, at: None }
}

impl Visit {
    /// To another address of the host, or to an address with a port.
    #[must_use]
    pub fn to(self, at: &'static str) -> Self {
        Self { at: Some(at), ..self }
    }

    /// To another entry of the script, counted from 0.
    #[must_use]
    pub fn entry(self, entry: usize) -> Self {
        Self { entry, ..self }
    }

    /// To exactly this address.
    #[must_use]
    pub fn reaching(self, to: SocketAddr) -> Self {
        Self { to, ..self }
    }

    /// Saying this first.
    #[must_use]
    pub fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    /// Leaving once this has come.
    #[must_use]
    pub fn until(self, until: &'static str) -> Self {
        Self { until: Some(until), ..self }
    }
}

/// What is done.
#[derive(Clone, Debug)]
pub enum Step {
    /// A connection, to its end.
    Visit(Visit),
    /// A connection that stays open after the server's first words.
    Hold(Visit),
    /// So many connections at once, each to its end.
    Burst(Visit, usize),
    /// All held connections are closed, and their sessions have ended.
    Release,
    /// So many seconds pass.
    Wait(u64),
}

/// Entries of the configuration and what is done to them, one after the other.
#[derive(Clone, Debug)]
pub struct Script {
    /// What is shown, as a sentence.
    pub name: &'static str,
    /// In order.
    pub steps: Vec<Step>,
}

impl Script {
    /// Every connection, in order.
    pub fn visits(&self) -> impl Iterator<Item = &Visit> {
        self.steps.iter().flat_map(|step| {
            let (visit, times) = match step {
                Step::Visit(visit) | Step::Hold(visit) => (Some(visit), 1),
                Step::Burst(visit, times) => (Some(visit), *times),
                Step::Release | Step::Wait(_) => (None, 0),
            };
            visit.into_iter().flat_map(move |visit| std::iter::repeat_n(visit, times))
        })
    }
}

/// A configuration and the scripts that are run on it.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Its name.
    pub name: &'static str,
    /// The main file.
    pub text: String,
    /// Other files: path, mode, content.
    pub files: Vec<(&'static str, &'static str, String)>,
    /// The daemon's environment beside `PATH`.
    pub environment: Vec<(&'static str, &'static str)>,
    /// What else has to be done to the host; what it returns is kept while the scene lasts.
    pub prepare: fn(&World) -> Box<dyn Any>,
    /// In order.
    pub scripts: Vec<Script>,
    next_port: u16,
}

impl Scene {
    /// A scene whose services log into one file.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self::with(name, LOGGED)
    }

    /// A scene that begins with this text.
    #[must_use]
    pub fn with(name: &'static str, text: &str) -> Self {
        Self {
            name,
            text: text.to_owned(),
            files: Vec::new(),
            environment: Vec::new(),
            prepare: |_| Box::new(()),
            scripts: Vec::new(),
            next_port: FIRST_PORT,
        }
    }

    /// Adds a file with mode 0644.
    pub fn file(&mut self, path: &'static str, content: impl Into<String>) {
        self.files.push((path, "0644", content.into()));
    }

    /// Adds entries and what is done to them. `text` is the lines of one service or whole entries;
    /// what every service needs and they do not say is filled in. A line `bind = -` leaves `bind`
    /// out.
    pub fn script(
        &mut self,
        name: &'static str,
        text: &str,
        steps: impl IntoIterator<Item = Step>,
    ) {
        let whole = text.contains('{') && text.contains("service ");
        let entries = match whole {
            true => Entry::parse_all(text),
            false => Entry::parse_all(&format!("service s{}\n{{\n{text}\n}}\n", self.next_port)),
        };
        let entries: Vec<Entry> = entries.into_iter().map(|entry| self.complete(entry)).collect();
        for entry in &entries {
            self.text += &entry.text();
        }
        self.done_to(name, &entries, steps);
    }

    /// Adds what is done to entries that stand in the scene already.
    pub fn done_to(
        &mut self,
        name: &'static str,
        entries: &[Entry],
        steps: impl IntoIterator<Item = Step>,
    ) {
        let resolved = |visit: Visit| Visit { to: target(&visit, entries), ..visit };
        let steps = steps.into_iter().map(|step| match step {
            Step::Visit(visit) => Step::Visit(resolved(visit)),
            Step::Hold(visit) => Step::Hold(resolved(visit)),
            Step::Burst(visit, times) => Step::Burst(resolved(visit), times),
            Step::Release | Step::Wait(_) => step,
        });
        self.scripts.push(Script { name, steps: steps.collect() });
    }

    /// As [`Scene::script`] with one connection.
    pub fn visit(&mut self, name: &'static str, text: &str, visit: Visit) {
        self.script(name, text, [Step::Visit(visit)]);
    }

    /// Fills in what every service needs.
    pub fn complete(&mut self, mut entry: Entry) -> Entry {
        let mut base = vec![("socket_type", "stream".to_owned()), ("wait", "no".to_owned())];
        if !entry.is("INTERNAL") {
            base.push(("server", "PROBE".to_owned()));
        }
        base.push(("user", "root".to_owned()));
        if !entry.has("interface") {
            base.push(("bind", "192.168.0.1".to_owned()));
        }
        if !entry.has("type") {
            base.push(("type", "UNLISTED".to_owned()));
        }
        if !entry.has("type") || entry.is("UNLISTED") {
            base.push(("port", self.next_port.to_string()));
        }
        self.next_port += 1;
        for (attribute, value) in base {
            if !entry.has(attribute) {
                let (attribute, operator) = (attribute.to_owned(), "=".to_owned());
                entry.lines.insert(0, super::Line { attribute, operator, values: vec![value] });
            }
        }
        entry.lines.retain(|line| line.attribute != "bind" || line.values != ["-"]);
        entry
    }

    /// Every entry of the configuration, those of other files too.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let others = self.files.iter().map(|(_, _, content)| content.as_str());
        std::iter::once(self.text.as_str()).chain(others).flat_map(Entry::parse_all).collect()
    }
}

/// Where a visit goes: the address asked for, else the entry's own, else the host's usual one.
fn target(visit: &Visit, entries: &[Entry]) -> SocketAddr {
    if visit.to.port() != 0 {
        return visit.to;
    }
    if let Some(whole) = visit.at.and_then(|at| at.parse().ok()) {
        return whole;
    }
    let entry = entries.get(visit.entry);
    let port = entry.and_then(|entry| entry.word("port")?.parse().ok());
    let bound = entry.and_then(|entry| entry.bind().first()?.parse::<IpAddr>().ok());
    let usual = match visit.peer {
        IpAddr::V4(_) => IpAddr::from([192, 168, 0, 1]),
        IpAddr::V6(_) => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]),
    };
    let bound = bound.filter(|bound| !bound.is_unspecified());
    let host = visit.at.and_then(|at| at.parse().ok()).or(bound).unwrap_or(usual);
    let port = port.unwrap_or_else(|| panic!("{visit:?} names no port"));
    SocketAddr::new(host, port)
}

/// Everything that decides what a connection meets: the configuration and the connections so far.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The configuration.
    pub entries: &'a [Entry],
    /// The entry the visit reaches, if one listens there.
    pub entry: Option<&'a Entry>,
    /// The scene.
    pub scene: &'a Scene,
    /// The script.
    pub script: &'a Script,
    /// The connection.
    pub visit: &'a Visit,
    /// How many came before it in its script.
    pub nth: usize,
}

impl<'a> Input<'a> {
    /// The input of each connection of a script.
    #[must_use]
    pub fn all(scene: &'a Scene, entries: &'a [Entry], script: &'a Script) -> Vec<Self> {
        let each = script.visits().enumerate().map(|(nth, visit)| Self {
            entries,
            entry: reached(entries, visit.to),
            scene,
            script,
            visit,
            nth,
        });
        each.collect()
    }

    /// The connections of the script before this one.
    pub fn before(&self) -> impl Iterator<Item = &'a Visit> {
        self.script.visits().take(self.nth)
    }

    /// A word of the entry, else of any `defaults`.
    #[must_use]
    pub fn word(&self, attribute: &str) -> Option<&'a str> {
        let own = self.entry.and_then(|entry| entry.word(attribute));
        let defaults = self.entries.iter().filter(|entry| entry.is_defaults());
        own.or_else(|| defaults.filter_map(|entry| entry.word(attribute)).next())
    }
}

/// The entry that listens at an address: bound to it, else to every address.
pub(super) fn reached(entries: &[Entry], to: SocketAddr) -> Option<&Entry> {
    let of_port = |entry: &&Entry| {
        let listed = match entry.name.as_str() {
            "ftp" => Some(21),
            "ssh" => Some(22),
            "telnet" => Some(23),
            "sftp" => Some(115),
            "irc" => Some(194),
            "imaps" => Some(993),
            _ => None,
        };
        entry.word("port").and_then(|port| port.parse().ok()).or(listed) == Some(to.port())
    };
    let here = |entry: &&Entry| entry.bind().iter().any(|bind| bind.parse() == Ok(to.ip()));
    let all: Vec<&Entry> = entries.iter().filter(of_port).collect();
    all.iter().copied().find(here).or_else(|| {
        all.into_iter().find(|entry| {
            entry.bind().len() != 1
                || entry.bind()[0].parse::<IpAddr>().is_err()
                || entry.bind()[0].parse().is_ok_and(|ip: IpAddr| ip.is_unspecified())
        })
    })
}
