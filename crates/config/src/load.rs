//! A configuration from its files, whole or not at all.

use crate::check::Check;
use crate::codes;
use crate::denyhosts;
use crate::fail2ban;
use crate::hosts_access::HostsAccess;
use crate::named::Named;
use crate::native::{self, Native};
use crate::questions::Questions;
use crate::relations::{self, Pairs};
use crate::sources::SourceRead;
use crate::world::{DialectFiles, World};
use portreeve_diag::{Diagnostic, Diagnostics, Level, Sources, Span};
use portreeve_dialect::xinetd::{Daemon, LoadedService};
use portreeve_dialect::{services, xinetd};
use portreeve_model::{Config, Dialect, Service, Zone};

/// Where a configuration begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A native file.
    Native(String),
    /// An xinetd.conf, with portreeve's own settings as they are by default.
    Xinetd(String),
    /// A folder of fail2ban's, as `[import] fail2ban` has it.
    Fail2ban(String),
    /// A denyhosts.cfg, as `[import] denyhosts` has it.
    DenyHosts(String),
}

/// What a reading gave.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration, unless a finding is an error.
    pub config: Option<Config>,
    /// The texts that were read.
    pub sources: Sources,
    /// Every finding, in the order of the texts.
    pub diagnostics: Diagnostics,
    /// What reading the configuration's sources gave, in their order.
    pub images: Vec<SourceRead>,
    /// What the host's resolver could be asked about the sources, with a thorough world.
    pub questions: Questions,
}

impl Loaded {
    /// How many findings are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.diagnostics.errors()
    }
}

/// Reads a configuration.
pub fn load(entry: &Entry, world: &mut dyn World) -> Loaded {
    let mut check = Check::default();
    let table = host_services(world);
    let ports = |name: &str| table.port(name, "tcp").map(|found| found.port);
    let mut named = Named::default();
    let native = read(&mut check, world, &mut named, &ports, entry);
    let Native {
        mut settings,
        mut services,
        kept,
        mut watches,
        mut judges,
        imports,
        fail2ban: import,
        denyhosts: of_denyhosts,
        service_directories,
        hosts,
    } = native;
    let imported: Vec<LoadedService> =
        imports.iter().flat_map(|path| xinetd(&mut check, world, &table, path)).collect();
    services
        .extend(imported.into_iter().map(|loaded| asking(&mut check, &mut named, &hosts, loaded)));
    if let Some(import) = import {
        let (seen, judging) = fail2ban::import(&mut check, world, &import, &services, &ports);
        watches.extend(seen);
        judges.extend(judging);
    }
    let of_denyhosts =
        of_denyhosts.and_then(|import| denyhosts::import(&mut check, world, &import));
    if let Some(imported) = of_denyhosts {
        imported.join(&mut settings, &mut watches, &mut judges);
    }
    fail2ban::duplicates(&mut check, &watches);
    let seen = relations::judges::Seen { services: &services, kept: &kept, watches: &watches };
    relations::judges::tell(&mut check, &settings, &judges, &seen);
    relations::duplicates(&mut check, &services, &kept);
    let pairs = if imports.len() > 1 { Pairs::All } else { Pairs::WithNative };
    relations::across(&mut check, &services, pairs);
    let nothing = services.is_empty()
        && kept.is_empty()
        && service_directories.is_empty()
        && watches.is_empty();
    if nothing && !check.found.has_errors() {
        offers_nothing(&mut check, entry);
    }
    let named = named.done();
    let files = check.sources.paths();
    let images = crate::sources::read_all(&mut check, world, &named);
    crate::sources::wrappers::tell(&mut check, &named, &images, &services);
    crate::sources::rules::tell(&mut check, &images, &services);
    let questions = std::mem::take(&mut check.questions);
    let (texts, found) = check.done();
    let sources = named;
    let config =
        Config { files, settings, services, kept, service_directories, watches, judges, sources };
    let config = (!found.has_errors()).then_some(config);
    Loaded { config, sources: texts, diagnostics: found, images, questions }
}

fn offers_nothing(check: &mut Check, entry: &Entry) {
    let message = "the configuration offers nothing";
    let help = match entry {
        Entry::Native(_) => "add a `[service.NAME]`, or `[import]` a configuration",
        Entry::Xinetd(_) => "write `disable = no` in the entry of a service",
        Entry::Fail2ban(_) => "write `enabled = true` in the section of a jail",
        Entry::DenyHosts(_) => "name the log in `SECURE_LOG`",
    };
    check.say(Diagnostic::new(Level::Warning, codes::NO_SERVICES, None, message).help(help));
}

/// What stands at the beginning.
fn read(
    check: &mut Check,
    world: &mut dyn World,
    named: &mut Named,
    ports: &dyn Fn(&str) -> Option<u16>,
    entry: &Entry,
) -> Native {
    match entry {
        Entry::Native(path) => native::read(check, world, named, ports, path),
        Entry::Xinetd(path) => Native { imports: vec![path.clone()], ..Native::default() },
        Entry::Fail2ban(directory) => {
            let at = named_alone(check, "fail2ban", directory);
            let import = fail2ban::Fail2ban::whole(directory.clone(), at);
            Native { fail2ban: Some(import), ..Native::default() }
        }
        Entry::DenyHosts(file) => {
            let at = named_alone(check, "denyhosts", file);
            let import = denyhosts::DenyHosts::plain(file.clone(), at);
            Native { denyhosts: Some(import), ..Native::default() }
        }
    }
}

/// What a configuration would say that imports this alone: findings about the whole point there.
fn named_alone(check: &mut Check, key: &str, path: &str) -> Span {
    let text = format!("{key} = {path:?}");
    let length = text.len();
    Span::new(check.sources.add("[import]", text), 0, length)
}

/// The services of an xinetd configuration.
fn xinetd(
    check: &mut Check,
    world: &mut dyn World,
    services: &services::Table,
    path: &str,
) -> Vec<LoadedService> {
    let zone = world.zone("local").unwrap_or_else(|| Zone { name: "local".into(), ..Zone::utc() });
    let host = portreeve_dialect::Host { services, zone: &zone };
    let mut files = DialectFiles(world);
    xinetd::load(path, &mut files, &host, &mut check.sources, &mut check.found).services
}

/// A service of xinetd's, which asks hosts.allow and hosts.deny unless its flags say otherwise.
fn asking(
    check: &mut Check,
    named: &mut Named,
    hosts: &HostsAccess,
    loaded: LoadedService,
) -> Service {
    let LoadedService { mut service, libwrap, .. } = loaded;
    service.admission.wrappers =
        libwrap.map(|Daemon { name, at }| hosts.under(check, named, name, (at, Dialect::Xinetd)));
    service
}

/// The host's own names of ports; a host without the file has none.
fn host_services(world: &mut dyn World) -> services::Table {
    let text = world.read("/etc/services").unwrap_or_default();
    services::Table::parse(&String::from_utf8_lossy(&text))
}
