//! The native language: documents, then settings, services and traps.

mod access;
mod admission;
mod ban;
mod dns_lists;
mod documents;
mod environment;
mod fields;
mod hold;
mod item;
pub(crate) mod judge;
mod kept;
mod limits;
mod listen;
mod log;
mod program;
mod raw;
pub(crate) mod rules;
mod service;
mod settings;
mod targets;
mod watch;

pub(crate) use ban::{ENDS, FAMILIES};
pub(crate) use environment::{PATH, has_path};
pub(crate) use fields::Fields;
pub(crate) use item::Item;
pub(crate) use log::RECORDS;
pub(crate) use service::plain_name;
pub(crate) use watch::fixed as fixed_zone;

use crate::check::{self, Check};
use crate::codes;
use crate::denyhosts::DenyHosts;
use crate::fail2ban::Fail2ban;
use crate::hosts_access::HostsAccess;
use crate::keys::Scope;
use crate::named::Named;
use crate::world::World;
use documents::Document;
use portreeve_diag::Span;
use portreeve_model::{Judge, Kept, Service, Settings, Watch};
use raw::Table;

/// What the native files say.
#[derive(Debug, Default)]
pub(crate) struct Native {
    /// Settings of the door.
    pub(crate) settings: Settings,
    /// Services and traps, in the order of the text.
    pub(crate) services: Vec<Service>,
    /// Services that are kept up, likewise.
    pub(crate) kept: Vec<Kept>,
    /// What is watched, likewise.
    pub(crate) watches: Vec<Watch>,
    /// Who judges, likewise.
    pub(crate) judges: Vec<Judge>,
    /// xinetd configurations to import.
    pub(crate) imports: Vec<String>,
    /// Jails of fail2ban's to import.
    pub(crate) fail2ban: Option<Fail2ban>,
    /// DenyHosts' configuration to import.
    pub(crate) denyhosts: Option<DenyHosts>,
    /// Folders of service directories.
    pub(crate) service_directories: Vec<String>,
    /// What is said of hosts.allow and hosts.deny.
    pub(crate) hosts: HostsAccess,
}

/// What services are read with.
pub(crate) struct Desk<'a> {
    /// Texts and findings.
    pub(crate) check: &'a mut Check,
    /// Files and zones.
    pub(crate) world: &'a mut dyn World,
    /// Sources named so far.
    pub(crate) named: &'a mut Named,
    /// What `[import]` says of hosts.allow and hosts.deny.
    pub(crate) hosts: &'a HostsAccess,
    /// The port of a service's name.
    pub(crate) ports: &'a dyn Fn(&str) -> Option<u16>,
    /// `[defaults]`.
    pub(crate) defaults: Option<&'a Table>,
}

/// Reads the native files that start at a path.
pub(crate) fn read(
    check: &mut Check,
    world: &mut dyn World,
    named: &mut Named,
    ports: &dyn Fn(&str) -> Option<u16>,
    path: &str,
) -> Native {
    let documents = documents::read(check, world, path);
    let Some(main) = documents.first() else { return Native::default() };
    main_only(check, &documents);
    let top = Fields::open(check, Scope::Top, Span::new(main.file, 0, 0), &main.table);
    let mut settings = settings::read(check, top);
    (settings.never_ban, settings.ban) = ban::read(check, world, top, path);
    let (imports, hosts) = settings::imports(check, top, path);
    let fail2ban = settings::fail2ban(check, top, path);
    let denyhosts = settings::denyhosts(check, top, path);
    let service_directories = settings::service_directories(check, world, top, path);
    let defaults = top.get("defaults").and_then(|item| {
        let table = item.raw_table(check)?;
        Fields::open(check, Scope::Defaults, item.named, table);
        Some(table)
    });
    let mut desk = Desk { check, world, named, hosts: &hosts, ports, defaults };
    service::check_defaults(&mut desk);
    let (mut services, mut kept) = (Vec::new(), Vec::new());
    for document in &documents {
        for entry in entries(desk.check, document) {
            match kept::is(entry) {
                true => kept.extend(kept::read(&mut desk, entry)),
                false => services.extend(service::read(&mut desk, entry)),
            }
        }
    }
    let watches = watch::read(&mut desk, &documents);
    let judges = judge::read(&mut desk, &documents);
    Native {
        settings,
        services,
        kept,
        watches,
        judges,
        imports,
        fail2ban,
        denyhosts,
        service_directories,
        hosts,
    }
}

/// Tables about the door as a whole stand in the main file, where one look finds them.
fn main_only(check: &mut Check, documents: &[Document]) {
    for document in documents.iter().skip(1) {
        for name in ["portreeve", "import", "defaults", "ban"] {
            let Some(member) = document.table.get(name) else { continue };
            let message = format!("`[{name}]` may stand in the main file alone");
            check.say(check::error(codes::MAIN_ONLY, member.named, message).help("move it there"));
        }
    }
}

/// A table of `[service]` or `[trap]`.
#[derive(Clone, Copy)]
struct Entry<'a> {
    /// Which.
    scope: Scope,
    /// NAME.
    name: &'a str,
    /// Its table; `named` is the place of NAME.
    item: Item<'a>,
}

/// The services and traps of one file, in the order of the text.
fn entries<'a>(check: &mut Check, document: &'a Document) -> Vec<Entry<'a>> {
    let mut found: Vec<Entry<'_>> = Vec::new();
    let top = Fields::open(check, Scope::Top, Span::new(document.file, 0, 0), &document.table);
    for (kind, scope) in [("service", Scope::Service), ("trap", Scope::Trap)] {
        let Some(item) = top.get(kind) else { continue };
        let Some(table) = item.raw_table(check) else { continue };
        for member in &table.0 {
            let item = Item::of(item.key, member);
            found.push(Entry { scope, name: &member.name, item });
        }
    }
    found.sort_by_key(|entry| entry.item.named.start);
    found
}
