//! tcpdchk: what is wrong with the rules.

use super::arguments::Arguments;
use super::asker::NETGROUP;
use super::files::Folder;
use super::inetd::Inetd;
use super::{names, shown};
use crate::applet::Call;
use crate::say;
use crate::trouble::Trouble;
use portreeve_diag::{Diagnostic, Diagnostics};
use portreeve_dialect::wrappers::{Doubt, doubts, shadowed};
use portreeve_model::wrappers::{Deed, List, Rule, Token, Which};
use portreeve_sys::resolver::{Answer, addresses_of, netgroup_has_members};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

const USAGE: &str = "usage: tcpdchk [-a] [-d] [-i inet_conf] [-v]\n\
    \x20\x20\x20\x20-a: report rules with implicit \"ALLOW\" at end\n\
    \x20\x20\x20\x20-d: use allow/deny files in current directory\n\
    \x20\x20\x20\x20-i: location of inetd.conf file\n\
    \x20\x20\x20\x20-v: list all rules\n";

/// Names and netgroups that are looked up for one run.
const MOST_NAMES: usize = 200;

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
    let mut report = Report { out: String::new(), inetd, looked_up: BTreeMap::new() };
    report.all(&arguments);
    let written = io::stdout().write_all(report.out.as_bytes());
    written.map_err(|error| Trouble::system("unable to write output", &error))?;
    Ok(ExitCode::SUCCESS)
}

struct Report {
    out: String,
    inetd: Option<Inetd>,
    /// What was said of a name, so that each is looked up once.
    looked_up: BTreeMap<Vec<u8>, Vec<String>>,
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
            match doubt {
                Doubt::Said(text) => said.push(text),
                Doubt::Daemon(name) => {
                    said.extend(self.inetd.iter().flat_map(|inetd| inetd.warnings_about(&name)));
                }
                Doubt::Host(name) => said.extend(self.named(&name)),
                Doubt::File(path) => said.extend(super::files::list(&path).1),
                Doubt::Netgroup(group) => said.extend(self.peopled(&group)),
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

    /// What is to be said of a host's name.
    fn named(&mut self, name: &[u8]) -> Vec<String> {
        if let Some(said) = self.looked_up.get(name) {
            return said.clone();
        }
        if self.looked_up.len() >= MOST_NAMES {
            return Vec::new();
        }
        let text = shown(name);
        let said = match addresses_of(name, names::LIMIT) {
            Answer::Absent => vec![format!("{text}: host not found")],
            Answer::Failed => {
                vec![format!("{text}: host not found (it could not be looked up now)")]
            }
            Answer::Found(host) => {
                let official = shown(&host.canonical);
                let mut said = Vec::new();
                if !official.eq_ignore_ascii_case(&text) {
                    said.push(format!("{text}: hostname alias"));
                    said.push(format!("(official name: {official})"));
                }
                if host.addresses.len() > 1 {
                    said.push(format!("host {text} has more than one address"));
                    said.push("(consider using an address instead)".to_owned());
                }
                said
            }
        };
        self.looked_up.insert(name.to_vec(), said.clone());
        said
    }

    /// What is to be said of a netgroup.
    fn peopled(&mut self, group: &[u8]) -> Vec<String> {
        let key = [b"@", group].concat(); // which no host's name begins with
        if let Some(said) = self.looked_up.get(&key) {
            return said.clone();
        }
        if self.looked_up.len() >= MOST_NAMES {
            return Vec::new();
        }
        let text = shown(group);
        let said = match netgroup_has_members(group, NETGROUP) {
            Some(true) => Vec::new(),
            Some(false) => vec![format!("{text}: unknown or empty netgroup")],
            None => vec![format!("netgroup {text} could not be asked for")],
        };
        self.looked_up.insert(key, said.clone());
        said
    }
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
