//! The effective model as native TOML: read again, it is the same configuration.
//!
//! What goes without saying is left out, but for addresses. Comments cite where each thing was
//! written, whatever the language.

mod access;
mod admission;
mod ban;
mod dns_lists;
mod hold;
mod hosts_access;
mod judge;
mod kept;
mod log;
mod program;
mod rules;
mod targets;
mod watch;

use crate::native::plain_name;
use crate::words::{address, duration, quote, size};
use portreeve_model::{
    Config, Delayed, Internal, Offer, Origin, Rule, Sentence, Service, Settings, SocketOptions,
    Source, Trap,
};
use std::fmt::Write as _;

/// A configuration as native TOML.
#[must_use]
pub fn print(config: &Config) -> String {
    let Config { files, sources, .. } = config;
    let mut page = Page { files, sources, text: String::new(), asks: false };
    page.text.push_str("# Everything that applies, as native TOML.\ninclude = []\n");
    settings(&mut page, &config.settings);
    import(&mut page, config);
    for service in &config.services {
        self::service(&mut page, service);
    }
    for kept in &config.kept {
        kept::print(&mut page, kept);
    }
    for watch in &config.watches {
        watch::print(&mut page, watch);
    }
    for judge in &config.judges {
        judge::print(&mut page, judge);
    }
    page.text
}

/// `[import]`, if there is anything to say in it.
fn import(page: &mut Page<'_>, config: &Config) {
    let headed = hosts_access::import(page, config);
    let directories = &config.service_directories;
    if directories.is_empty() {
        return;
    }
    if !headed {
        page.header("import", None);
    }
    let directories = directories.iter().map(|path| quote::text(path));
    page.line("service-directories", &quote::list(directories));
}

/// The services alone, to stand behind other text.
pub(crate) fn services(config: &Config) -> String {
    let Config { files, sources, .. } = config;
    let mut page = Page { files, sources, text: String::new(), asks: false };
    hosts_access::import(&mut page, config);
    for service in &config.services {
        self::service(&mut page, service);
    }
    page.text
}

/// What is watched, who judges it, and what becomes of bans, to stand behind other text.
pub(crate) fn judgement(config: &Config) -> String {
    let Config { files, sources, settings, .. } = config;
    let mut page = Page { files, sources, text: String::new(), asks: false };
    ban::print(&mut page, settings);
    config.watches.iter().for_each(|watch| watch::print(&mut page, watch));
    config.judges.iter().for_each(|judge| judge::print(&mut page, judge));
    page.text
}

/// The text so far, the files that its comments cite, and what it names.
struct Page<'a> {
    files: &'a [String],
    /// What services name.
    sources: &'a [Source],
    text: String,
    /// Whether services ask hosts.allow and hosts.deny unless they say otherwise.
    asks: bool,
}

impl Page<'_> {
    /// A `[header]`, after an empty line, with the place of what it stands for.
    fn header(&mut self, name: &str, origin: Option<Origin>) {
        let _ = write!(self.text, "\n[{name}]");
        self.cite(origin);
    }

    /// A line without a place.
    fn line(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.text, "{key} = {value}");
    }

    /// A line with its place.
    fn sited(&mut self, key: &str, value: &str, origin: Origin) {
        let _ = write!(self.text, "{key} = {value}");
        self.cite(Some(origin));
    }

    /// A list, an entry a line, each with its place.
    fn list(&mut self, key: &str, entries: impl IntoIterator<Item = (String, Origin)>) {
        let mut entries = entries.into_iter().peekable();
        if entries.peek().is_none() {
            return self.line(key, "[]");
        }
        let _ = writeln!(self.text, "{key} = [");
        for (value, origin) in entries {
            let _ = write!(self.text, "  {value},");
            self.cite(Some(origin));
        }
        self.text.push_str("]\n");
    }

    fn cite(&mut self, origin: Option<Origin>) {
        if let Some(origin) = origin {
            let place = origin.show(self.files);
            let odd = |c: char| if c.is_control() { '\u{fffd}' } else { c };
            let place: String = place.chars().map(odd).collect();
            let _ = write!(self.text, "  # {place}");
        }
        self.text.push('\n');
    }
}

fn settings(page: &mut Page<'_>, settings: &Settings) {
    page.header("portreeve", None);
    page.line("max-sessions", &settings.max_sessions.to_string());
    let Delayed { max, per_source } = settings.delayed;
    page.line("delayed", &format!("{{ max = {max}, per-source = {per_source} }}"));
    page.line("clerk-user", &quote::text(&settings.clerk_user));
    page.line("relay-user", &quote::text(&settings.relay_user));
    page.line("control-group", &quote::text(&settings.control_group));
    page.line("log", &targets::show(&settings.log));
    let line = size::show(settings.evidence.line.into());
    let each = settings.evidence.lines_per_second;
    page.line("evidence", &format!("{{ line = {line}, lines-per-second = {each} }}"));
    if let Some(on_stop) = settings.on_stop {
        let within = on_stop.within.map(|t| format!(", within = \"{}\"", duration::show(t)));
        let within = within.unwrap_or_default();
        let word = on_stop.sessions.word();
        page.line("on-stop", &format!("{{ sessions = \"{word}\"{within} }}"));
    }
    ban::print(page, settings);
}

fn service(page: &mut Page<'_>, service: &Service) {
    let kind = if matches!(service.offer, Offer::Trap(_)) { "trap" } else { "service" };
    let key = quote::key(service.key.as_str());
    page.header(&format!("{kind}.{key}"), Some(service.origin.origin));
    if plain_name(&service.key) != service.name.as_str() {
        page.line("name", &quote::text(service.name.as_str()));
    }
    page.list("listen", service.listen.iter().map(|l| (address::show(l), l.origin)));
    match &service.offer {
        Offer::Program(program) => {
            program::print(page, program, service.admission.rules.is_some());
        }
        Offer::Internal(Internal::Echo) => page.line("internal", "\"echo\""),
        Offer::Trap(Trap { sentence }) => page.line("ban", &self::sentence(*sentence)),
    }
    admission::print(page, &service.admission);
    hosts_access::print(page, service);
    for (key, banner) in [
        ("banner", &service.banners.always),
        ("banner-success", &service.banners.success),
        ("banner-refused", &service.banners.failure),
    ] {
        if let Some(banner) = banner {
            page.sited(key, &quote::text(&banner.path), banner.origin);
        }
    }
    hold::refusals(page, &service.refusals);
    hold::ends(page, &service.ends);
    socket(page, service.socket);
    log::print(page, &service.log);
}

fn sentence(sentence: Sentence) -> String {
    match sentence {
        Sentence::For(time) => format!("\"{}\"", duration::show(time)),
        Sentence::Forever => "\"forever\"".into(),
        Sentence::Never => "\"never\"".into(),
    }
}

fn socket(page: &mut Page<'_>, socket: SocketOptions) {
    let otherwise = SocketOptions::default();
    if socket.backlog != otherwise.backlog {
        page.line("backlog", &socket.backlog.to_string());
    }
    if socket.keepalive != otherwise.keepalive {
        page.line("keep-alive", &hold::keep_alive(socket.keepalive));
    }
    if socket.nodelay != otherwise.nodelay {
        page.line("no-delay", &socket.nodelay.to_string());
    }
}

/// A rule as an entry of a list.
fn rule(rule: &Rule) -> (String, Origin) {
    (quote::text(&rule.pattern.to_string()), rule.origin)
}
