//! fail2ban's filters and jails: jail.conf(5), with everything it includes.
//!
//! Files are read as fail2ban 1.0 reads them: Python's configparser with includes, `.local` files,
//! references (`%(name)s`, `%(section/name)s`, `%(known/name)s`), tags (`<name>`), parameters in brackets
//! and conditions. What comes out of a filter is its regular expressions with everything put in but
//! the tags that stand for parts of a line (`<HOST>`, `<F-USER>`); nobody compiles them here. What
//! comes out of a jail is where its lines come from, and how it judges them; its actions are not taken.
//! What cannot be served faithfully is refused by name. Whatever a configuration refers to, the work and
//! the text that come of it are bounded.

mod backend;
mod bounds;
pub mod codes;
mod definition;
mod fault;
mod filter;
mod ini;
mod interpolate;
mod jail;
mod judged;
mod judgement;
mod map;
mod options;
mod reader;
mod store;
mod tags;
mod text;
mod words;

pub use filter::Filter;
pub use jail::Jail;
pub use judgement::Judgement;
pub(crate) use words::shell_words;

use crate::Files;
use definition::{Definition, From};
use fault::{Fault, fault, say, shown};
use filter::Maker;
use interpolate::Values;
use jail::Jails;
use portreeve_diag::{Diagnostics, FileId, Level, Sources, Span};
use reader::Reader;
use text::Text;

/// Which jails are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that are enabled, but for these.
    Enabled {
        /// Names, with the places where they are written.
        except: Vec<(String, Span)>,
    },
    /// These, enabled or not.
    Named(Vec<(String, Span)>),
}

/// Reads the jails of a folder such as `/etc/fail2ban`; `at` is where the folder is named. One with
/// an error is left out, and the error is among the diagnostics.
pub fn jails(
    directory: &str,
    at: Option<Span>,
    wanted: &Wanted,
    files: &mut dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<Jail> {
    let directory = directory.trim_end_matches('/');
    let mut reader = Reader::new(files, sources, diagnostics);
    if let Some(fault) = reader.no_folder(directory, at) {
        reader.found.push(*fault);
        return Vec::new();
    }
    let errors = reader.found.errors();
    let store = reader.named(&format!("{directory}/jail"), at);
    let Some(mut store) = store else {
        if reader.found.errors() == errors {
            let message = format!("`{}` has no jails: there is no `jail.conf`", shown(directory));
            let help = "name the folder of fail2ban's configuration";
            reader.found.push(*fault(codes::NO_JAIL, at, message, help));
        }
        return Vec::new();
    };
    let version = [("fail2ban_version", "1.0.2"), ("fail2ban_confpath", directory)];
    for (name, value) in version {
        let named = at.unwrap_or_else(|| Span::new(FileId(0), 0, 0));
        store.defaults.set(name, ini::Value { text: Text::because(value, at), named });
    }
    let mut jails = Jails { reader: &mut reader, store, directory: directory.to_owned() };
    let chosen = choose(&mut jails, wanted, at);
    let mut read = Vec::new();
    for (name, asked) in chosen {
        let place = jails.store.headers.get(&name).copied().or(asked);
        match jails.read(&name, place) {
            Ok(jail) => read.push(jail),
            Err(error) => {
                let error = match place.filter(|place| error.at != Some(*place)) {
                    Some(place) => error.also(place, format!("for the jail `{}`", shown(&name))),
                    None => *error,
                };
                jails.reader.found.push(error);
            }
        }
    }
    read
}

/// The jails to read, each with the place that asks for it.
fn choose(
    jails: &mut Jails<'_, '_>,
    wanted: &Wanted,
    at: Option<Span>,
) -> Vec<(String, Option<Span>)> {
    let is_jail = |name: &&str| store::is_written(name) && *name != ini::INCLUDES;
    let names: Vec<String> =
        jails.store.sections.keys().filter(is_jail).map(str::to_owned).collect();
    let (Wanted::Named(asked) | Wanted::Enabled { except: asked }) = wanted;
    for (name, place) in asked.iter().filter(|(name, _)| !names.contains(name)) {
        let message = format!("there is no jail `{}`", shown(name));
        let help = match crate::suggest::nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "remove it".to_owned(),
        };
        jails.reader.found.push(*fault(codes::NO_JAIL, Some(*place), message, help));
    }
    let chosen: Vec<(String, Option<Span>)> = match wanted {
        Wanted::Named(asked) => {
            let there = asked.iter().filter(|(name, _)| names.contains(name));
            there.map(|(name, place)| (name.clone(), Some(*place))).collect()
        }
        Wanted::Enabled { except } => {
            let left = names.into_iter().filter(|name| !except.iter().any(|(out, _)| out == name));
            let mut enabled = Vec::new();
            for name in left {
                match jails.is_enabled(&name) {
                    Ok(true) => enabled.push((name, None)),
                    Ok(false) => {}
                    Err(error) => jails.reader.found.push(*error),
                }
            }
            enabled
        }
    };
    if chosen.len() > bounds::JAILS {
        let message = format!("more than {} jails", bounds::JAILS);
        jails.reader.found.push(*fault(codes::TOO_LARGE, at, message, "name those to import"));
        return Vec::new();
    }
    if chosen.is_empty() && asked.is_empty() {
        let help = "write `enabled = true` in a jail, or name the jails to import";
        let finding = say(Level::Warning, codes::NO_JAIL, at, "no jail is enabled", help);
        jails.reader.found.push(finding);
    }
    chosen
}

/// Reads one filter, `path[option=value,…]`, by the path of its file; `at` is where that is named.
/// In a folder `filter.d` it is read with its `.local` and its folder, as a jail reads it; anywhere
/// else the file alone with its `.local`. `journal` says whether its lines come from the journal.
/// `None` when there is an error, which is among the diagnostics.
pub fn filter(
    path: &str,
    at: Option<Span>,
    journal: bool,
    files: &mut dyn Files,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Filter> {
    let errors = diagnostics.errors();
    let mut reader = Reader::new(files, sources, diagnostics);
    match one_filter(&mut reader, path, at, journal) {
        Ok(filter) => Some(filter).filter(|_| reader.found.errors() == errors),
        Err(error) => {
            reader.found.push(*error);
            None
        }
    }
}

fn one_filter(
    reader: &mut Reader<'_>,
    path: &str,
    at: Option<Span>,
    journal: bool,
) -> Result<Filter, Fault> {
    let named = options::parse(&Text::because(path, at))?;
    let path = named.name.as_str();
    let in_folder = path.rsplit('/').nth(1) == Some("filter.d");
    let base = path.strip_suffix(".conf").or_else(|| path.strip_suffix(".local"));
    let from = match base {
        Some(base) if in_folder => From::Base(base),
        None if in_folder => From::Base(path),
        _ => From::File(path),
    };
    let mut definition = Definition::read(reader, &from, &named, at)?;
    definition.log_type(journal, at);
    definition.read_options(&Values::default(), false)?;
    let combined = definition.combined()?;
    let mut maker = Maker { sources: reader.sources, found: reader.found, from_journal: journal };
    maker.filter(filter::called(path), &combined, &Values::default(), at)
}
