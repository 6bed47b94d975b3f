//! A filter's own options, put together in the order in which fail2ban does it.

use super::codes;
use super::fault::{Fault, fault, shown};
use super::interpolate::{Lookup, Values};
use super::options::Named;
use super::reader::Reader;
use super::store::{Store, conditional};
use super::tags;
use super::text::Text;
use portreeve_diag::Span;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The options of a filter that say what it looks for.
pub(super) const OPTIONS: [&str; 7] =
    ["usedns", "prefregex", "ignoreregex", "failregex", "maxlines", "datepattern", "journalmatch"];

const DEFINITION: &str = "Definition";
const INIT: &str = "Init";

/// A filter that has been read.
pub(super) struct Definition {
    store: Store,
    steps: Rc<Cell<u32>>,
    /// Parameters in brackets and what `[Init]` adds to them; names keep their case.
    init: Values,
    /// Of `[Definition]`, what was last asked for.
    options: Values,
    /// What goes before the options of `[Definition]`.
    given: Values,
    /// What tags have come to: the first answer stays.
    asked: BTreeMap<String, Option<Text>>,
}

impl Definition {
    /// A filter's file without its ending, and its `.local`, or files alone.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        from: &From<'_>,
        named: &Named,
        at: Option<Span>,
    ) -> Result<Self, Fault> {
        let errors = reader.found.errors();
        let (store, path) = match from {
            From::Base(base) => (reader.named(base, at), format!("{base}.conf")),
            From::File(path) => (reader.all(&[(*path).to_owned()], at), (*path).to_owned()),
        };
        let name = shown(named.name.as_str());
        let Some(store) = store else {
            let message = match reader.found.errors() > errors {
                true => format!("the filter `{name}` cannot be read"),
                false => format!("there is no filter `{name}`: `{}` is not there", shown(&path)),
            };
            return Err(fault(codes::NO_FILTER, at, message, "write it, or name another"));
        };
        if !store.sections.has(DEFINITION) {
            let message = format!("the filter `{name}` has no `[Definition]`");
            return Err(fault(codes::NO_FILTER, at, message, "write one, or name another filter"));
        }
        Ok(Self {
            store,
            steps: Rc::clone(&reader.steps),
            init: named.options.clone(),
            options: Values::default(),
            given: Values::default(),
            asked: BTreeMap::new(),
        })
    }

    /// Says which kind of log its lines come from, unless the filter or its parameters do.
    pub(super) fn log_type(&mut self, journal: bool, at: Option<Span>) {
        let given = self.init.get("logtype").is_some_and(|value| !value.is_empty());
        let own = self.store.sections.get(DEFINITION).is_some_and(|own| own.has("logtype"));
        if !given && !own {
            let word = if journal { "journal" } else { "file" };
            self.init.set("logtype", Text::because(word, at));
        }
    }

    /// Reads its options, but for those that stand outside. `all` reads every option it has.
    pub(super) fn read_options(&mut self, outside: &Values, all: bool) -> Result<(), Fault> {
        let mut before = outside.clone();
        before.update(&self.init);
        self.given = Values::default();
        for (name, value) in before.iter() {
            self.given.set(&name.to_lowercase(), value.clone());
        }
        let lookup = Lookup { store: &self.store, steps: &self.steps };
        let mut options = Values::default();
        for name in OPTIONS.iter().filter(|name| !before.has(name)) {
            if let Some(value) = lookup.get(DEFINITION, name, &self.given)? {
                options.set(name, value);
            }
        }
        let none = Values::default();
        let own = |section| self.store.sections.get(section).into_iter().flat_map(|s| s.keys());
        for name in own(INIT) {
            let Some(value) = lookup.get(INIT, name, &none)? else { continue };
            if !name.starts_with("known/") {
                self.init.set(&format!("known/{name}"), value.clone());
            }
            if !self.init.has(name) {
                self.init.set(name, value);
            }
        }
        for name in own(DEFINITION).filter(|_| all) {
            if options.has(name) {
                continue;
            }
            if let Some(value) = lookup.get(DEFINITION, name, &none)? {
                options.set(name, value);
            }
        }
        self.options = options;
        Ok(())
    }

    /// Its options and parameters, with tags put in.
    pub(super) fn combined(&mut self) -> Result<Values, Fault> {
        let mut values = self.options.clone();
        values.update(&self.init);
        let plain = |name: &str| conditional(name).map(|(plain, _)| plain.to_owned());
        let left_out: BTreeSet<String> = values.keys().filter_map(plain).collect();
        let lookup = Lookup { store: &self.store, steps: &self.steps };
        let (asked, given) = (&mut self.asked, &self.given);
        let ask = |tag: &str| {
            if let Some(known) = asked.get(tag) {
                return Ok(known.clone());
            }
            let value = lookup.get_in(DEFINITION, tag, given)?;
            asked.insert(tag.to_owned(), value.clone());
            Ok(value)
        };
        tags::substitute(&values, &left_out, ask, &|at| lookup.step(at))
    }
}

/// Where a filter is read from.
pub(super) enum From<'a> {
    /// A path without its ending: the file, its folder and its `.local`.
    Base(&'a str),
    /// One file, with its `.local` alone.
    File(&'a str),
}
