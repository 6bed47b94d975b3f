//! One jail: its options, its filter, and where its lines come from.

use super::backend::{self, Backend};
use super::definition::{Definition, From, OPTIONS};
use super::fault::{Fault, fault, say, shown};
use super::filter::{Filter, Maker, said};
use super::ini::Value;
use super::interpolate::{Lookup, Values};
use super::judged::JUDGED;
use super::options::{self, Named};
use super::reader::Reader;
use super::store::Store;
use super::text::{Text, blank};
use super::words::truth;
use super::{codes, judged};
use portreeve_diag::{Level, Span};
use portreeve_model::{Journal, ServiceName, Start, WatchFile};

/// A jail of fail2ban's that is to be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jail {
    /// Its name: its section.
    pub name: ServiceName,
    /// Where its section begins.
    pub at: Option<Span>,
    /// What it looks for.
    pub filter: Filter,
    /// The files it reads.
    pub files: Vec<WatchFile>,
    /// The entries of the journal it reads.
    pub journal: Option<Journal>,
    /// Whose clock its lines' times are of: seconds east of UTC; `None` is the host's own.
    pub zone: Option<i32>,
    /// What it says of counting, ignoring and banning, and its port.
    pub(super) limits: Values,
}

/// Options of a jail, but for those of its filter, that fail2ban reads before those of judging.
const FIRST: [&str; 2] = ["enabled", "backend"];

/// And those that it reads behind them.
const LAST: [&str; 6] = [
    "filter",
    "logtimezone",
    "logencoding",
    "logpath",
    "action",
    // not an option of a jail's own, but every stock one has it
    "port",
];

/// All of a jail's own options, in the order in which fail2ban reads them.
fn own() -> impl Iterator<Item = &'static &'static str> {
    FIRST.iter().chain(&JUDGED).chain(&LAST)
}

/// Whether an option is one of a jail's.
pub(super) fn is_option(name: &str) -> bool {
    own().chain(&OPTIONS).any(|option| *option == name)
}

/// Reads jails of one configuration.
pub(super) struct Jails<'r, 'a> {
    pub(super) reader: &'r mut Reader<'a>,
    /// jail.conf and all that belongs to it.
    pub(super) store: Store,
    /// fail2ban's folder.
    pub(super) directory: String,
}

impl Jails<'_, '_> {
    /// Whether a jail is enabled.
    pub(super) fn is_enabled(&self, name: &str) -> Result<bool, Fault> {
        let enabled = self.lookup().get(name, "enabled", &Values::default())?;
        Ok(enabled.is_some_and(|text| truth(text.as_str())))
    }

    fn lookup(&self) -> Lookup<'_> {
        Lookup { store: &self.store, steps: &self.reader.steps }
    }

    fn option(&self, jail: &str, name: &str) -> Result<Option<Text>, Fault> {
        self.lookup().get(jail, name, &Values::default())
    }

    /// Reads one, enabled or not.
    pub(super) fn read(&mut self, name: &str, at: Option<Span>) -> Result<Jail, Fault> {
        let checked = name.parse::<ServiceName>().map_err(|reason| {
            let message = format!("the jail `{}` cannot be a watch: {reason}", shown(name));
            fault(codes::JAIL_NAME, at, message, "rename it, or leave it out")
        })?;
        let mut first = Values::default();
        for (option, otherwise) in [("enabled", "false"), ("backend", "auto"), ("filter", "")] {
            let value = self.option(name, option)?;
            first.set(option, value.unwrap_or_else(|| Text::because(otherwise, at)));
        }
        convert(&mut first, "enabled");
        let text = |option: &str| first.get(option).cloned().unwrap_or_default();
        let (backend, filter) = (text("backend"), text("filter"));
        let backend_kind = backend::parse(&backend)?;
        if said(Some(&filter)).is_none() {
            let message = format!("the jail `{}` has no filter", shown(name));
            return Err(fault(codes::NO_FILTER, at, message, "write `filter = NAME`"));
        }
        let named = options::parse(&filter)?;
        let mut definition = self.definition(&named, &filter)?;
        definition.log_type(backend_kind.is_journal(), backend.place(0).or(at));
        definition.read_options(&first, true)?;
        self.make_known(name, &definition.combined()?);
        let options = self.options(name, at)?;
        definition.read_options(&options, false)?;
        let combined = definition.combined()?;
        let given = options.iter().filter(|(name, _)| OPTIONS.contains(name));
        let mut own = Values::default();
        given.for_each(|(name, value)| own.set(name, value.clone()));
        let from_journal = backend_kind.is_journal();
        let (sources, found) = (&*self.reader.sources, &mut *self.reader.found);
        let mut maker = Maker { sources, found, from_journal };
        let filter = maker.filter(named.name.as_str(), &combined, &own, filter.place(0).or(at))?;
        let journal = backend_kind.journal(&filter.journal);
        let files = match journal {
            Some(_) => Vec::new(),
            None => files(&maker, name, options.get("logpath"), at)?,
        };
        backend::encoding(options.get("logencoding"))?;
        let zone = backend::zone(options.get("logtimezone"))?;
        self.tell(name, journal.as_ref(), at);
        let mut limits = Values::default();
        let judged = options.iter().filter(|(name, _)| JUDGED.contains(name));
        judged.for_each(|(name, value)| limits.set(name, value.clone()));
        // what its actions would not know how to read is theirs
        if let Ok(Some(port)) = self.option(name, "port") {
            limits.set("port", port);
        }
        Ok(Jail { name: checked, at, filter, files, journal, zone, limits })
    }

    fn definition(&mut self, named: &Named, filter: &Text) -> Result<Definition, Fault> {
        let name = named.name.as_str();
        let base = match name {
            _ if name.starts_with('/') => name.to_owned(),
            _ => format!("{}/filter.d/{name}", self.directory),
        };
        Definition::read(self.reader, &From::Base(&base), named, filter.place(0))
    }

    /// Lets the jail refer to its filter's options as `%(known/option)s`.
    fn make_known(&mut self, name: &str, combined: &Values) {
        let mut section = super::ini::Section::default();
        for (option, text) in combined.iter().filter(|(option, _)| !option.starts_with("known/")) {
            let named = text.place(0).unwrap_or_else(|| Span::new(portreeve_diag::FileId(0), 0, 0));
            section.set(&format!("known/{option}"), Value { text: text.clone(), named });
        }
        self.store.update(name, &section);
    }

    /// Every option that fail2ban reads of a jail.
    fn options(&self, name: &str, at: Option<Span>) -> Result<Values, Fault> {
        let mut options = Values::default();
        for option in own().chain(&OPTIONS).filter(|option| !["port", "action"].contains(option)) {
            if let Some(value) = self.option(name, option)? {
                options.set(option, value);
            }
        }
        if !options.has("backend") {
            options.set("backend", Text::because("auto", at));
        }
        ["enabled", "bantime.increment", "bantime.overalljails", "ignoreself"]
            .iter()
            .for_each(|option| convert(&mut options, option));
        Ok(options)
    }

    /// What may be a slip of the pen.
    fn tell(&mut self, name: &str, journal: Option<&Journal>, at: Option<Span>) {
        let mut told = Vec::new();
        if let Some(journal) = journal.filter(|journal| !journal.is_certain()) {
            told.push(anybody(name, journal, at));
        }
        told.extend(judged::unknown(&self.store, name));
        told.into_iter().for_each(|one| self.reader.found.push(one));
    }
}

/// A truth value as it stands where others refer to it.
fn convert(options: &mut Values, name: &str) {
    let Some(value) = options.get(name) else { return };
    let word = if truth(value.as_str()) { "True" } else { "False" };
    let text = Text::because(word, value.place(0));
    options.set(name, text);
}

fn anybody(name: &str, journal: &Journal, at: Option<Span>) -> portreeve_diag::Diagnostic {
    let mut fields: Vec<&str> = Vec::new();
    for term in journal.matches.iter().flatten() {
        if !fields.contains(&term.field.as_str()) {
            fields.push(&term.field);
        }
    }
    let by = match fields.is_empty() {
        true => "every entry".to_owned(),
        false => format!("entries by {}", fields.join(", ")),
    };
    let message = format!("the jail `{}` reads {by}: any user can write such ones", shown(name));
    let help = "give its `journalmatch` a `_SYSTEMD_UNIT`, `_UID` or `_EXE` in every alternative";
    say(Level::Note, codes::JOURNAL_ANYBODY, at, message, help)
}

/// The files of a jail.
fn files(
    maker: &Maker<'_>,
    jail: &str,
    logpath: Option<&Text>,
    at: Option<Span>,
) -> Result<Vec<WatchFile>, Fault> {
    let lines = logpath.map(|text| text.split('\n')).unwrap_or_default();
    let mut files = Vec::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        let (path, start) = match line.as_str().rsplit_once(' ') {
            None => (line.as_str(), Start::Beginning),
            Some((path, word)) if word.eq_ignore_ascii_case("tail") => (path, Start::End),
            Some((path, word)) if word.eq_ignore_ascii_case("head") => (path, Start::Beginning),
            Some((_, word)) => {
                let message =
                    format!("`{}` behind a path is neither `head` nor `tail`", shown(word));
                let help = "write one path a line, without blanks in it";
                return Err(fault(codes::LOGPATH, line.place(0), message, help));
            }
        };
        let path = path.trim_matches(blank);
        if !path.starts_with('/') || path.len() > 4095 {
            let message = format!("`{}` is no absolute path", shown(path));
            return Err(fault(codes::LOGPATH, line.place(0), message, "begin it with `/`"));
        }
        let origin = maker.origin(line.place(0));
        let file = WatchFile { path: path.to_owned(), start, origin };
        if !files.contains(&file) {
            files.push(file);
        }
    }
    if files.is_empty() {
        let message = format!("the jail `{}` reads files, and `logpath` names none", shown(jail));
        let help = "write its `logpath`, or `backend = systemd`";
        return Err(fault(
            codes::NO_SOURCE,
            logpath.and_then(|text| text.place(0)).or(at),
            message,
            help,
        ));
    }
    if files.len() > portreeve_model::Watch::MOST {
        let message = format!("the jail `{}` names more than 256 files", shown(jail));
        return Err(fault(codes::TOO_LARGE, at, message, "write patterns with `*`"));
    }
    Ok(files)
}

impl Backend {
    /// The journal that it reads, if it reads one.
    fn journal(&self, matches: &[Vec<portreeve_model::JournalTerm>]) -> Option<Journal> {
        match self {
            Self::Files => None,
            Self::Journal(place) => {
                Some(Journal { matches: matches.to_vec(), place: place.clone() })
            }
        }
    }

    fn is_journal(&self) -> bool {
        matches!(self, Self::Journal(_))
    }
}
