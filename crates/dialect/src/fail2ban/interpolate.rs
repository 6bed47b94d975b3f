//! `%(name)s`: values of other options, as Python's configparser and fail2ban put them in.

use super::fault::{Fault, fault, shown};
use super::ini::DEFAULT;
use super::map::Map;
use super::store::{Store, known};
use super::text::Text;
use super::{bounds, codes};
use portreeve_diag::Span;
use std::cell::Cell;

/// References that may stand in one another.
const DEPTH: u32 = 10;

/// Values that go before those of the files.
pub(super) type Values = Map<Text>;

/// Looks options up.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'a> {
    pub(super) store: &'a Store,
    pub(super) steps: &'a Cell<u32>,
}

impl Lookup<'_> {
    /// The value of an option: given, of the section, or of `[DEFAULT]`; `None` where nobody says.
    pub(super) fn get(
        &self,
        section: &str,
        option: &str,
        given: &Values,
    ) -> Result<Option<Text>, Fault> {
        if section != DEFAULT && !self.store.sections.has(section) {
            return Ok(None);
        }
        let none = Values::default();
        let Some(raw) = self.raw(section, &option.to_lowercase(), given, &none) else {
            return Ok(None);
        };
        let mut whole = Text::default();
        self.expand(section, (option, raw), given, &none, 1, &mut whole)?;
        Ok(Some(whole))
    }

    /// As [`Self::get`], where `section/option` is that of another section, and `known/option` what
    /// was overridden in this one.
    pub(super) fn get_in(
        &self,
        section: &str,
        option: &str,
        given: &Values,
    ) -> Result<Option<Text>, Fault> {
        let none = Values::default();
        if let Some((of, name)) = divided(option) {
            let lower = of.to_lowercase();
            let overridden = known(section);
            let places: &[&str] = match lower.as_str() {
                "known" => &[&overridden, section],
                "default" => &[DEFAULT],
                _ => &[of],
            };
            for place in places {
                if let Some(value) = self.get(place, name, &none)? {
                    return Ok(Some(value));
                }
            }
        }
        self.get(section, option, given)
    }

    fn raw<'t>(
        &'t self,
        section: &str,
        option: &str,
        given: &'t Values,
        mapped: &'t Values,
    ) -> Option<&'t Text> {
        if let Some(value) = mapped.get(option).or_else(|| given.get(option)) {
            return Some(value);
        }
        let own = self.store.sections.get(section).and_then(|options| options.get(option));
        own.or_else(|| self.store.defaults.get(option)).map(|value| &value.text)
    }

    fn expand(
        &self,
        section: &str,
        (option, text): (&str, &Text),
        given: &Values,
        mapped: &Values,
        depth: u32,
        whole: &mut Text,
    ) -> Result<(), Fault> {
        if depth > DEPTH {
            let message = format!("`{}` refers to others more than {DEPTH} deep", shown(option));
            let help = "fail2ban refuses this too: resolve the circle";
            return Err(fault(codes::INTERPOLATION, text.place(0), message, help));
        }
        let mut mapped = mapped.clone();
        self.map_sections(section, text.as_str(), given, &mut mapped);
        let mut start = 0;
        while let Some(rest) = text.as_str().get(start..).filter(|rest| !rest.is_empty()) {
            self.step(text.place(start))?;
            let Some(sign) = rest.find('%').map(|at| start + at) else {
                whole.push_slice(text, start, text.len());
                break;
            };
            whole.push_slice(text, start, sign);
            let rest = text.as_str().get(sign + 1..).unwrap_or_default();
            if rest.starts_with('%') {
                whole.push_slice(text, sign, sign + 1);
                start = sign + 2;
                continue;
            }
            let Some(name) = reference(rest) else {
                let message = format!("`{}`: `%` begins no reference here", shown(option));
                let help =
                    "write `%%` for a percent sign, or `%(name)s`; fail2ban refuses this too";
                return Err(fault(codes::INTERPOLATION, text.place(sign), message, help));
            };
            start = sign + 1 + name.len() + "()s".len();
            let name_of_section = Text::because(section, text.place(sign));
            let value = match name.to_lowercase().as_str() {
                "__name__" => Some(&name_of_section),
                name => self.raw(section, name, given, &mapped),
            };
            let Some(value) = value else {
                let message = format!("`{}` refers to `{}`", shown(option), shown(name));
                let message = format!("{message}, which nothing sets");
                let help = "set it, or mend the name; fail2ban refuses this too";
                return Err(fault(codes::INTERPOLATION, text.place(sign), message, help));
            };
            match value.as_str().contains('%') {
                true => {
                    let value = value.clone();
                    self.expand(section, (option, &value), given, &mapped, depth + 1, whole)?;
                }
                false => whole.push(value),
            }
            if whole.len() > bounds::TEXT {
                let message = format!("`{}` comes to more than 1 MiB", shown(option));
                return Err(fault(codes::TOO_LARGE, text.place(sign), message, "shorten it"));
            }
        }
        Ok(())
    }

    /// Finds what `%(section/option)s` means, for every one that stands in a text.
    fn map_sections(&self, section: &str, text: &str, given: &Values, mapped: &mut Values) {
        for (name, of, option) in sectioned(text) {
            if self.raw(section, name, given, mapped).is_some() {
                continue;
            }
            let lower = of.to_lowercase();
            let place = match lower.as_str() {
                "default" => None,
                "known" => Some(known(section)),
                _ if self.store.sections.has(of) => Some(of.to_owned()),
                _ => continue,
            };
            let place = place.and_then(|place| self.store.sections.get(&place));
            let value = place.and_then(|options| options.get(option));
            if let Some(value) = value.or_else(|| self.store.defaults.get(option)) {
                mapped.set(name, value.text.clone());
            }
        }
    }

    /// Counts one step more.
    pub(super) fn step(&self, at: Option<Span>) -> Result<(), Fault> {
        let left = self.steps.get();
        self.steps.set(left.saturating_sub(1));
        if left == 0 {
            let message = "the configuration refers to itself too often";
            return Err(fault(codes::TOO_LARGE, at, message, "resolve what refers to so much"));
        }
        Ok(())
    }
}

/// The name in `(name)s` at the start of a text.
fn reference(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('(')?;
    let name = inside.get(..inside.find(')')?)?;
    let ends = inside.get(name.len() + 1..)?.starts_with('s');
    (ends && !name.is_empty()).then_some(name)
}

fn of_section(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// `section/option` divided, where it is one.
fn divided(name: &str) -> Option<(&str, &str)> {
    let (section, option) = name.split_once('/')?;
    let odd = |c: char| super::text::blank(c) || c == '>';
    let fits = !section.is_empty() && section.chars().all(of_section);
    (fits && !option.is_empty() && !option.contains(odd)).then_some((section, option))
}

/// Every `%(section/option)s` of a text: the whole name, and its parts.
fn sectioned(text: &str) -> Vec<(&str, &str, &str)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("%(") {
        let Some(name) = text.get(at + 1..).and_then(reference) else { continue };
        let Some((section, option)) = name.split_once('/') else { continue };
        if !section.is_empty() && section.chars().all(of_section) && !option.is_empty() {
            found.push((name, section, option));
        }
    }
    found
}
