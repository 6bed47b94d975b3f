//! tcpdchk: what is wrong with the rules.

use super::arguments::Arguments;
use super::dry::{group, identity};
use super::files::{Folder, list_bytes};
use super::inetd::Inetd;
use super::names::OfHost;
use super::{because, shown};
use crate::applet::Call;
use crate::say;
use crate::trouble::Trouble;
use portreeve_diag::{Diagnostic, Diagnostics, Sources};
use portreeve_dialect::wrappers::{Doubt, Question, doubts, list_doubts, remarks, shadowed};
use portreeve_model::wrappers::{Deed, List, Rule, Setting, Tables, Token, Which};
use portreeve_sys::together::together;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: tcpdchk [-a] [-d] [-i inet_conf] [-v]\n\
    \x20\x20\x20\x20-a: report rules with implicit \"ALLOW\" at end\n\
    \x20\x20\x20\x20-d: use allow/deny files in current directory\n\
    \x20\x20\x20\x20-i: location of inetd.conf file\n\
    \x20\x20\x20\x20-v: list all rules\n";

/// Names, addresses and netgroups that are looked up for one run.
const MOST_QUESTIONS: usize = 200;

/// How long those of the two files may take together; others are looked up one by one.
const TOGETHER: Duration = Duration::from_secs(60);

/// Files that rules name, at most.
const MOST_LISTS: usize = 1000;

/// `tcpdchk [-a] [-d] [-i inet_conf] [-v]`.
pub(crate) fn tcpdchk(call: &Call) -> Result<ExitCode, Trouble> {
    let arguments = Arguments::read(call, "adiv").filter(|read| read.rest.is_empty());
    let Some(arguments) = arguments else {
        say(USAGE);
        return Ok(ExitCode::FAILURE);
    };
    let inetd = match Inetd::open(arguments.inetd.as_deref()) {
        Ok(inetd) => inetd,
        Err(text) => {
            say(text);
            return Ok(ExitCode::FAILURE);
        }
    };
    let mut report = Report {
        out: String::new(),
        inetd,
        looked_up: BTreeMap::new(),
        lists: BTreeMap::new(),
        more: 0,
    };
    report.all(&arguments);
    let written = io::stdout().write_all(report.out.as_bytes());
    written.map_err(|error| Trouble::system("unable to write output", &error))?;
    Ok(ExitCode::SUCCESS)
}

struct Report {
    out: String,
    inetd: Option<Inetd>,
    /// What was said of a name, so that each is looked up once.
    looked_up: BTreeMap<Question, Vec<String>>,
    /// Files that rules name, so that each is read once, and why one cannot be read.
    lists: BTreeMap<Vec<u8>, Option<String>>,
    /// What is not looked up any more.
    more: usize,
}

impl Report {
    fn warn(&mut self, path: &str, line: u32, text: &str) {
        self.out.push_str(&format!("warning: {path}, line {line}: {text}\n"));
    }

    fn all(&mut self, arguments: &Arguments) {
        let folder = if arguments.here { Folder::Current } else { Folder::Etc };
        if let Some(inetd) = &self.inetd {
            let path = inetd.path.display().to_string();
            let doubts = inetd.doubts();
            if arguments.verbose {
                self.out.push_str(&format!("Using network configuration file: {path}\n"));
            }
            for (line, text) in doubts {
                self.warn(&path, line, &text);
            }
        }
        let mut loaded = folder.load();
        self.look_up(&loaded.tables);
        let mut findings = std::mem::take(&mut loaded.findings);
        shadowed(&loaded.tables, &loaded.sources, &mut findings);
        for which in [Which::Allow, Which::Deny] {
            let path = loaded.path(which);
            self.owner(folder, which);
            for rule in loaded.tables.table(which).rules() {
                if arguments.verbose {
                    self.rule(&path, which, rule);
                }
                self.doubts(&path, which, rule, arguments);
            }
            self.findings(&path, &findings, &loaded.sources);
        }
        for finding in findings.iter().filter(|finding| finding.at.is_none()) {
            self.out.push_str(&format!("warning: {}\n", told(finding, "")));
        }
        if findings.dropped() > 0 {
            self.out.push_str(&format!("and {} more findings\n", findings.dropped()));
        }
        if self.more > 0 {
            let text = format!("and {} more names and addresses, not looked up\n", self.more);
            self.out.push_str(&text);
        }
    }

    fn findings(&mut self, path: &str, findings: &Diagnostics, sources: &portreeve_diag::Sources) {
        for finding in findings {
            let Some(at) = finding.at.filter(|at| sources.path(at.file) == path) else { continue };
            let (line, column) = sources.line_column(at);
            let cited = sources.text(at.file).get(at.start as usize..at.end as usize);
            let text = told(finding, cited.unwrap_or_default());
            let level = if finding.code.0 == "hosts-option" { "error" } else { "warning" };
            self.out.push_str(&format!("{level}: {path}, line {line}: {text} (column {column})\n"));
        }
    }

    fn owner(&mut self, folder: Folder, which: Which) {
        let path = folder.path(which);
        let Ok(meta) = std::fs::metadata(&path) else { return };
        let shown = path.display();
        for (bad, text) in [
            (meta.uid() != 0, "not owned by root"),
            (meta.mode() & 0o020 != 0, "group writable"),
            (meta.mode() & 0o002 != 0, "world writable"),
        ] {
            if bad {
                self.out.push_str(&format!("warning: {shown}: {text}\n"));
            }
        }
    }

    fn rule(&mut self, path: &str, which: Which, rule: &Rule) {
        let mut text = format!("\n>>> Rule {path} line {}:\n", rule.line);
        text.push_str(&format!("daemons:  {}\n", listed(&rule.daemons)));
        text.push_str(&format!("clients:  {}\n", listed(&rule.clients)));
        for setting in &rule.settings {
            let setting = &setting.value;
            let value = setting.value.as_deref().map(shown).unwrap_or_default();
            text.push_str(&format!("option:   {} {value}\n", shown(&setting.key)));
        }
        let ends = rule.settings.iter().find_map(|setting| {
            let deed = &setting.value.deed;
            if *deed == Deed::Allow {
                return Some("granted");
            }
            if *deed == Deed::Twist {
                return Some("delegated");
            }
            (*deed == Deed::Deny || matches!(deed, Deed::Wrong(_))).then_some("denied")
        });
        let ends = ends.unwrap_or(match which {
            Which::Allow => "granted",
            Which::Deny => "denied",
        });
        text.push_str(&format!("access:   {ends}\n"));
        self.out.push_str(&text);
    }

    fn doubts(&mut self, path: &str, which: Which, rule: &Rule, arguments: &Arguments) {
        let mut said = Vec::new();
        for doubt in doubts(rule) {
            match doubt.value {
                Doubt::Said(text) => said.push(text),
                Doubt::Daemon(name) => {
                    said.extend(self.inetd.iter().flat_map(|inetd| inetd.warnings_about(&name)));
                }
                Doubt::File(path) => said.extend(self.list(&path)),
                Doubt::Ask(question) => said.extend(self.asked(question)),
            }
        }
        for setting in &rule.settings {
            if let Some((level, text)) = of_host(&setting.value) {
                let line = rule.line;
                self.out.push_str(&format!("{level}: {path}, line {line}: {text}\n"));
            }
        }
        let open = |setting: &Deed| matches!(setting, Deed::Allow | Deed::Deny | Deed::Twist);
        let says = rule.settings.iter().any(|setting| open(&setting.value.deed));
        if arguments.implicit && which == Which::Allow && !says {
            said.push("implicit \"allow\" at end of rule".to_owned());
        }
        for text in said {
            self.warn(path, rule.line, &text);
        }
    }

    /// Goes through a file that a rule names, and those that it names; why it cannot be read.
    fn list(&mut self, path: &[u8]) -> Option<String> {
        let mut open = vec![path.to_vec()];
        while let Some(path) = open.pop() {
            if self.lists.len() >= MOST_LISTS || self.lists.contains_key(&path) {
                continue;
            }
            let read = list_bytes(&path);
            self.lists.insert(path.clone(), read.as_ref().err().cloned());
            if let Ok(Some(bytes)) = read {
                open.extend(self.words(&shown(&path), &bytes));
            }
        }
        self.lists.get(path).cloned().flatten()
    }

    /// What is to be said of the words of such a file; gives the files among them.
    fn words(&mut self, path: &str, bytes: &[u8]) -> Vec<Vec<u8>> {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let doubts = list_doubts(path, bytes, MOST_QUESTIONS, &mut sources, &mut found);
        self.findings(path, &found, &sources);
        let mut named = Vec::new();
        for (doubt, at) in doubts {
            match doubt {
                Doubt::File(path) => named.push(path),
                Doubt::Ask(question) => {
                    let (line, _) = sources.line_column(at);
                    for text in self.asked(question) {
                        self.warn(path, line, &text);
                    }
                }
                Doubt::Said(_) | Doubt::Daemon(_) => {}
            }
        }
        named
    }

    /// Looks up what both files name.
    fn look_up(&mut self, tables: &Tables) {
        let mut questions = Vec::new();
        let mut known = BTreeSet::new();
        for which in [Which::Allow, Which::Deny] {
            for doubt in tables.table(which).rules().iter().flat_map(doubts) {
                if let Doubt::Ask(question) = doubt.value
                    && questions.len() < MOST_QUESTIONS
                    && known.insert(question.clone())
                {
                    questions.push(question);
                }
            }
        }
        let answers = together(questions.clone(), TOGETHER, said);
        for (question, answer) in questions.into_iter().zip(answers) {
            let late = || vec!["a name or address could not be looked up in time".to_owned()];
            self.looked_up.insert(question, answer.unwrap_or_else(late));
        }
    }

    /// What is to be said of a name, an address or a netgroup.
    fn asked(&mut self, question: Question) -> Vec<String> {
        if let Some(said) = self.looked_up.get(&question) {
            return said.clone();
        }
        if self.looked_up.len() >= MOST_QUESTIONS {
            self.more = self.more.saturating_add(1);
            return Vec::new();
        }
        let text = said(&question);
        self.looked_up.insert(question, text.clone());
        text
    }
}

/// What an option names that this host does not have: how bad it is, and what.
fn of_host(setting: &Setting) -> Option<(&'static str, String)> {
    let value = setting.value.as_deref()?;
    let error = |text| Some(("error", text));
    if setting.deed == Deed::User {
        return identity(value).err().and_then(error);
    }
    if setting.deed == Deed::Group {
        return group(&shown(value)).err().and_then(error);
    }
    if setting.deed != Deed::Banners {
        return None;
    }
    let folder = Path::new(OsStr::from_bytes(value));
    let failed = std::fs::metadata(folder).err()?;
    Some(("warning", format!("{}: {}", folder.display(), because(&failed))))
}

fn said(question: &Question) -> Vec<String> {
    remarks(question, &OfHost).into_iter().flat_map(|remark| remark.lines).collect()
}

/// A list as it was written.
fn listed<T>(list: &List<T>) -> String {
    let part = |part: &Vec<Token<T>>| {
        part.iter().map(|token| shown(&token.text)).collect::<Vec<_>>().join(" ")
    };
    list.parts.iter().map(part).collect::<Vec<_>>().join(" EXCEPT ").trim().to_owned()
}

/// A finding in one line: in the ancestor's words where it has any, else in ours.
fn told(finding: &Diagnostic, cited: &str) -> String {
    let list = if finding.message.starts_with("the daemon") { "daemon" } else { "client" };
    let classic = match finding.code.0 {
        "hosts-no-separator" => Some("missing \":\" separator".to_owned()),
        "hosts-no-final-newline" | "hosts-long-line" => {
            Some("missing newline or line too long".to_owned())
        }
        "hosts-prefix-length" => Some(format!("{cited}: bad net/mask pattern")),
        "hosts-empty-list" => Some(format!("{list} list is empty or ends in EXCEPT")),
        _ => None,
    };
    let ours = match finding.help.first() {
        Some(help) => format!("{} ({help})", finding.message),
        None => finding.message.clone(),
    };
    match classic {
        Some(classic) => format!("{classic}: {ours} [{}]", finding.code),
        None => format!("{ours} [{}]", finding.code),
    }
}
