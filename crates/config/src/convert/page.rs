//! The text of a conversion: tables of services, with comments where the meaning differs.

use super::order::Lists;
use super::{Remark, Weight};
use crate::words::quote;
use portreeve_model::{Pattern, ServiceKey};

/// What one daemon, or one file of rules, became.
pub(super) struct Part {
    /// The service's name; `None` for every other.
    pub(super) daemon: Option<Vec<u8>>,
    /// Its lists; `None` where the old files go on deciding.
    pub(super) lists: Option<Lists>,
    /// What is to be said before it.
    pub(super) remarks: Vec<Remark>,
}

/// What every other service is told, so that a service may have to say otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    /// `[defaults]` has `allow`.
    pub(super) allow: bool,
    /// It has `deny`.
    pub(super) deny: bool,
    /// `[import]` has `hosts-access`.
    pub(super) import: bool,
}

/// A text that grows.
pub(super) struct Page {
    text: String,
}

impl Page {
    /// With comments at its head.
    pub(super) fn new(head: &[&str]) -> Self {
        let mut page = Self { text: String::new() };
        head.iter().for_each(|line| page.comment(line));
        page
    }

    /// The text.
    pub(super) fn done(self) -> String {
        self.text
    }

    /// A line of comment. Whatever a file has in it stays in its line.
    pub(super) fn comment(&mut self, line: &str) {
        let harmless = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        self.text.push_str("# ");
        self.text.extend(line.chars().map(harmless));
        self.text.push('\n');
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// What is to be known, each with its place and what to do.
    pub(super) fn remarks(&mut self, remarks: &[Remark]) {
        for remark in remarks {
            let place = remark.at.as_deref().map(|at| format!("{at}: ")).unwrap_or_default();
            let word = match remark.weight {
                Weight::Note => "note",
                Weight::Differs => "differs",
                Weight::Kept => "not native",
            };
            self.comment(&format!("{word}: {place}{}", remark.what));
            self.comment(&format!("    {}", remark.mend));
        }
    }

    /// The old files, for those who go on asking them.
    pub(super) fn import(&mut self, allow: &str, deny: &str) {
        let (allow, deny) = (quote::text(allow), quote::text(deny));
        self.gap();
        self.line("[import]");
        self.line(&format!("hosts-access = {{ allow = {allow}, deny = {deny} }}"));
    }

    /// The header of a service, with what it lacks, where a service can be called so.
    pub(super) fn service(&mut self, name: &[u8]) -> bool {
        let name = String::from_utf8_lossy(name);
        if name.parse::<ServiceKey>().is_err() {
            self.comment(&format!("differs: no service can be called `{name}`"));
            self.comment("    give these lines to the service that it stands for");
            return false;
        }
        self.line(&format!("[service.{}]", quote::key(&name)));
        self.comment("listen = [\"*:PORT\"]");
        self.comment("run = [\"/PATH/OF/PROGRAM\"]");
        true
    }

    /// Allow and deny, as far as they must be written.
    pub(super) fn lists(&mut self, lists: &Lists, defaults: Defaults) {
        match &lists.allow {
            Some(allow) => self.list("allow", allow),
            None if defaults.allow => self.line("allow = \"everybody\""),
            None => {}
        }
        if !lists.deny.is_empty() || defaults.deny {
            self.list("deny", &lists.deny);
        }
    }

    fn list(&mut self, key: &str, entries: &[Pattern]) {
        let entry = |pattern: &Pattern| quote::text(&pattern.to_string());
        if let [] | [_] | [_, _] = entries {
            return self.line(&format!("{key} = {}", quote::list(entries.iter().map(entry))));
        }
        self.line(&format!("{key} = ["));
        entries.iter().for_each(|pattern| self.line(&format!("  {},", entry(pattern))));
        self.line("]");
    }
}
