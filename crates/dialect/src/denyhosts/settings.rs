//! A denyhosts.cfg, read whole.

use super::codes;
use super::lines::{self, Said};
use super::registry::KEYS;
use super::values::{Values, shown};
use super::{Key, Need};
use crate::Files;
use portreeve_diag::{Diagnostic, Diagnostics, FileId, Level, Sources, Span};
use std::collections::BTreeMap;

/// One of each of DenyHosts' four counters of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Four<T> {
    /// Of users that do not exist.
    pub invalid: T,
    /// Of users that do.
    pub valid: T,
    /// Of root.
    pub root: T,
    /// Of users in `restricted-usernames`.
    pub restricted: T,
}

/// `EMAIL_METHOD`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmailMethod {
    /// To `SMTP_HOST`.
    #[default]
    Smtp,
    /// Through sendmail(8).
    Sendmail,
    /// Through mail(1).
    Mail,
    /// To standard output.
    Stdout,
}

/// `SMTP_*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Smtp {
    /// `SMTP_HOST`.
    pub host: Option<String>,
    /// `SMTP_PORT`; 25 where nothing is said.
    pub port: u16,
    /// `SMTP_FROM`.
    pub from: Option<String>,
    /// `SMTP_SUBJECT`.
    pub subject: Option<String>,
    /// `SMTP_SSL`: TLS from the first byte.
    pub ssl: bool,
    /// `SMTP_USERNAME` and `SMTP_PASSWORD`, where both are set.
    pub login: Option<(String, String)>,
}

/// What a denyhosts.cfg says. Times are in seconds; paths are absolute.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file it was read from.
    pub file: FileId,
    /// `SECURE_LOG`.
    pub secure_log: String,
    /// `HOSTS_DENY`.
    pub hosts_deny: String,
    /// `PURGE_DENY`; `None`: never, and no markers are written.
    pub purge_deny: Option<u64>,
    /// `PURGE_THRESHOLD`; `None`: no limit.
    pub purge_threshold: Option<u32>,
    /// `BLOCK_SERVICE`; `None`: the bare address is written.
    pub block_service: Option<String>,
    /// `DENY_THRESHOLD_*`: a host is denied when its count is greater.
    pub thresholds: Four<u32>,
    /// `AGE_RESET_*`; `None`: never.
    pub resets: Four<Option<u64>>,
    /// `DETECT_DOVECOT_LOGIN_ATTEMPTS`.
    pub dovecot: bool,
    /// `WORK_DIR`.
    pub work_dir: String,
    /// `ETC_DIR`.
    pub etc_dir: String,
    /// `SUSPICIOUS_LOGIN_REPORT_ALLOWED_HOSTS`.
    pub suspicious_allowed: bool,
    /// `HOSTNAME_LOOKUP`, where it is said.
    pub hostname_lookup: bool,
    /// `ALLOWED_HOSTS_HOSTNAME_LOOKUP`.
    pub allowed_lookup: bool,
    /// `LOCK_FILE`.
    pub lock_file: String,
    /// `IPTABLES`.
    pub iptables: Option<String>,
    /// `BLOCKPORT`: one port or several with commas between.
    pub block_port: Option<String>,
    /// `PFCTL_PATH` and `PF_TABLE`, where both are set.
    pub pf: Option<(String, String)>,
    /// `PF_TABLE_FILE`.
    pub pf_table_file: Option<String>,
    /// `ADMIN_EMAIL`; empty: no mail.
    pub admin_email: Vec<String>,
    /// `EMAIL_METHOD`.
    pub email_method: EmailMethod,
    /// `SMTP_*`.
    pub smtp: Smtp,
    /// `SYSLOG_REPORT`.
    pub syslog_report: bool,
    /// `RESET_ON_SUCCESS`.
    pub reset_on_success: bool,
    /// `PLUGIN_DENY`: programs with their arguments, the address goes behind them.
    pub plugin_deny: Vec<Vec<String>>,
    /// `PLUGIN_PURGE`, likewise.
    pub plugin_purge: Option<Vec<String>>,
    /// `USERDEF_FAILED_ENTRY_REGEX`, each with its place.
    pub userdef: Vec<(String, Span)>,
    /// `DAEMON_LOG`; `None`: no log.
    pub daemon_log: Option<String>,
    /// `DAEMON_LOG_TIME_FORMAT`.
    pub log_time_format: Option<String>,
    /// `DAEMON_SLEEP`.
    pub daemon_sleep: u64,
    /// `DAEMON_PURGE`.
    pub daemon_purge: u64,
    /// What is said of each key.
    places: BTreeMap<String, (Span, bool)>,
}

impl Settings {
    /// Where a key stands, if it does.
    #[must_use]
    pub fn at(&self, name: &str) -> Option<Span> {
        self.places.get(name).map(|(at, _)| *at)
    }

    /// Where a key stands that has a value.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<Span> {
        self.places.get(name).filter(|(_, given)| *given).map(|(at, _)| *at)
    }

    /// The keys that are said, in the order of the registry, with their places and whether each has a
    /// value.
    pub fn keys(&self) -> impl Iterator<Item = (&'static Key, Span, bool)> {
        let place = |key: &'static Key| self.places.get(key.name).map(|place| (key, *place));
        KEYS.iter().filter_map(place).map(|(key, (at, given))| (key, at, given))
    }
}

/// Reads a configuration: `at` is where its path is named, relative paths are below `base`. `None` when there is an error, which is among the diagnostics.
pub fn read(
    path: &str,
    at: Option<Span>,
    base: &str,
    files: &mut dyn Files,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Option<Settings> {
    let errors = found.errors();
    let text = match files.read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(failure) => {
            let message = format!("`{}` cannot be read: {}", shown(path), failure.reason);
            let finding = Diagnostic::new(Level::Error, codes::UNREADABLE, at, message);
            found.push(finding.help("name the file of DenyHosts' configuration"));
            return None;
        }
    };
    let file = sources.add(path, text);
    let entries = lines::read(file, sources, found, files);
    lines::unknown(&entries, found);
    let settings = of(file, &mut Values { entries: &entries, found, base });
    settings.filter(|_| found.errors() == errors)
}

fn of(file: FileId, values: &mut Values<'_>) -> Option<Settings> {
    let complete = required(file, values);
    let number = |values: &mut Values<'_>, name| values.number(name, 1_000_000);
    let old = number(values, "DENY_THRESHOLD");
    let invalid = number(values, "DENY_THRESHOLD_INVALID").or(old);
    let root = number(values, "DENY_THRESHOLD_ROOT");
    let thresholds = Four {
        invalid: invalid.unwrap_or(0),
        valid: number(values, "DENY_THRESHOLD_VALID").unwrap_or(0),
        root: root.unwrap_or(0),
        restricted: number(values, "DENY_THRESHOLD_RESTRICTED").or(root).unwrap_or(0),
    };
    let resets = Four {
        invalid: values.time("AGE_RESET_INVALID"),
        valid: values.time("AGE_RESET_VALID"),
        root: values.time("AGE_RESET_ROOT"),
        restricted: values.time("AGE_RESET_RESTRICTED"),
    };
    let pf = values.path("PFCTL_PATH").zip(word(values, "PF_TABLE", "_.-"));
    let settings = Settings {
        file,
        secure_log: values.path("SECURE_LOG").unwrap_or_default(),
        hosts_deny: values.path("HOSTS_DENY").unwrap_or_default(),
        purge_deny: values.time("PURGE_DENY"),
        purge_threshold: number(values, "PURGE_THRESHOLD").filter(|times| *times > 0),
        block_service: word(values, "BLOCK_SERVICE", "_.-@, "),
        thresholds,
        resets,
        dovecot: values.truth("DETECT_DOVECOT_LOGIN_ATTEMPTS", false),
        work_dir: values.path("WORK_DIR").unwrap_or_default(),
        etc_dir: values.path("ETC_DIR").unwrap_or_else(|| "/etc".to_owned()),
        suspicious_allowed: values.truth("SUSPICIOUS_LOGIN_REPORT_ALLOWED_HOSTS", true),
        hostname_lookup: values.truth("HOSTNAME_LOOKUP", false),
        allowed_lookup: values.truth("ALLOWED_HOSTS_HOSTNAME_LOOKUP", false),
        lock_file: values.path("LOCK_FILE").unwrap_or_default(),
        iptables: values.path("IPTABLES"),
        block_port: ports(values),
        pf,
        pf_table_file: values.path("PF_TABLE_FILE"),
        admin_email: values.list("ADMIN_EMAIL"),
        email_method: method(values),
        smtp: smtp(values),
        syslog_report: values.truth("SYSLOG_REPORT", false),
        reset_on_success: values.truth("RESET_ON_SUCCESS", false),
        plugin_deny: plugins(values, "PLUGIN_DENY", true),
        plugin_purge: plugins(values, "PLUGIN_PURGE", false).pop(),
        userdef: userdef(values),
        daemon_log: match values.said("DAEMON_LOG") {
            Some(_) => values.path("DAEMON_LOG"),
            None => Some("/var/log/denyhosts".to_owned()),
        },
        log_time_format: values.text("DAEMON_LOG_TIME_FORMAT"),
        daemon_sleep: values.time("DAEMON_SLEEP").unwrap_or(30),
        daemon_purge: values.time("DAEMON_PURGE").unwrap_or(3600),
        places: places(values.entries),
    };
    complete.then_some(settings)
}

fn places(entries: &[Said]) -> BTreeMap<String, (Span, bool)> {
    let place = |said: &Said| (said.name.clone(), (said.named, !said.value.is_empty()));
    entries.iter().map(place).collect()
}

/// Tells of what is missing.
fn required(file: FileId, values: &mut Values<'_>) -> bool {
    let mut complete = true;
    for key in KEYS.iter().filter(|key| key.need != Need::None) {
        let said = values.said(key.name).cloned();
        let (at, message) = match (&said, key.name) {
            (None, "DENY_THRESHOLD_INVALID") if values.said("DENY_THRESHOLD").is_some() => {
                if let Some(old) = values.said("DENY_THRESHOLD").cloned() {
                    let why = "an old name, taken for `DENY_THRESHOLD_INVALID`";
                    values.tell(Level::Warning, codes::RENAMED, &old, why, "write the new name");
                }
                continue;
            }
            (None, "DENY_THRESHOLD_RESTRICTED") if values.said("DENY_THRESHOLD_ROOT").is_some() => {
                let message =
                    "`DENY_THRESHOLD_RESTRICTED` is not there: `DENY_THRESHOLD_ROOT` is taken";
                let at = values.said("DENY_THRESHOLD_ROOT").map(|said| said.named);
                let finding = Diagnostic::new(Level::Warning, codes::RENAMED, at, message);
                values.found.push(finding.help("write it"));
                continue;
            }
            // ETC_DIR has a value that goes without saying
            (None, "ETC_DIR") => continue,
            (None, name) => (Span::new(file, 0, 0), format!("there is no `{name}`")),
            (Some(said), name) if key.need == Need::Value && said.value.is_empty() => {
                (said.named, format!("`{name}` has no value"))
            }
            (Some(_), _) => continue,
        };
        let finding = Diagnostic::new(Level::Error, codes::MISSING, Some(at), message);
        values.found.push(finding.help(format!("write `{} = …`: it is needed", key.name)));
        complete = false;
    }
    complete
}

/// A word of letters, digits and these.
fn word(values: &mut Values<'_>, name: &str, others: &str) -> Option<String> {
    let text = values.text(name)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    if text.starts_with('-') || !text.chars().all(fits) {
        if let Some(said) = values.given(name) {
            let why = format!("`{}` has a character that cannot stand here", shown(&text));
            values.bad(&said, &why, &format!("letters, digits and any of `{others}` can"));
        }
        return None;
    }
    Some(text)
}

fn ports(values: &mut Values<'_>) -> Option<String> {
    let said = values.given("BLOCKPORT")?;
    let list: Vec<&str> = said.value.split(',').map(str::trim).collect();
    let port = |text: &&str| text.parse::<u16>().is_ok_and(|port| port > 0);
    // iptables takes no more in one rule
    if list.len() > 15 || !list.iter().all(port) {
        let why = format!("`{}` is not one to 15 ports", shown(&said.value));
        values.bad(&said, &why, "write numbers with commas between: `22,2222`");
        return None;
    }
    Some(list.join(","))
}

fn method(values: &mut Values<'_>) -> EmailMethod {
    let Some(said) = values.given("EMAIL_METHOD") else { return EmailMethod::Smtp };
    match said.value.to_uppercase().as_str() {
        "SMTP" => EmailMethod::Smtp,
        "SENDMAIL" => EmailMethod::Sendmail,
        "MAIL" => EmailMethod::Mail,
        "STDOUT" => EmailMethod::Stdout,
        other => {
            let why = format!("`{}` is no way to send mail", shown(other));
            values.bad(&said, &why, "write SMTP, SENDMAIL, MAIL or STDOUT");
            EmailMethod::Smtp
        }
    }
}

fn smtp(values: &mut Values<'_>) -> Smtp {
    let given = values.given("SMTP_PORT").is_some();
    let port = given.then(|| values.number("SMTP_PORT", 65_535)).flatten().unwrap_or(25);
    Smtp {
        host: values.text("SMTP_HOST"),
        port: u16::try_from(port).unwrap_or(25),
        from: values.text("SMTP_FROM"),
        subject: values.text("SMTP_SUBJECT"),
        ssl: values.truth("SMTP_SSL", false),
        login: values.text("SMTP_USERNAME").zip(values.text("SMTP_PASSWORD")),
    }
}

fn plugins(values: &mut Values<'_>, name: &str, several: bool) -> Vec<Vec<String>> {
    const MOST: usize = 16;
    let Some(said) = values.given(name) else { return Vec::new() };
    let parts: Vec<&str> = match several {
        true => said.value.split(',').map(str::trim).filter(|part| !part.is_empty()).collect(),
        false => vec![&said.value],
    };
    if parts.len() > MOST {
        values.bad(&said, &format!("more than {MOST} programs"), "let one run the others");
        return Vec::new();
    }
    parts.into_iter().filter_map(|part| values.program(&said, part)).collect()
}

fn userdef(values: &mut Values<'_>) -> Vec<(String, Span)> {
    const MOST: usize = 256;
    let name = "USERDEF_FAILED_ENTRY_REGEX";
    let all: Vec<Said> = values.entries.iter().filter(|said| said.name == name).cloned().collect();
    let mut found = Vec::new();
    for said in all {
        if said.value.is_empty() {
            values.bad(&said, "an empty expression matches every line", "remove it");
        } else if found.len() >= MOST {
            values.bad(&said, &format!("more than {MOST} expressions"), "let one match more");
        } else {
            found.push((said.value, said.at));
        }
    }
    found
}
