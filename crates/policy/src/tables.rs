//! The configuration as admission reads it.

use crate::Image;
use crate::hours::HoursTable;
use crate::judge::NeverBan;
use crate::rules::List;
use crate::wrappers::HostRules;
use portreeve_lists::Set;
use portreeve_model::{
    Authentication, Config, DnsLists, DnsZone, Ident, Load, Offer, Origin, PerSource, Rate,
    RulesUse, Service, ServiceKey, Sited, SourceId, SourceKind, Startups, Trap, WrappersUse,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The place of a service in its configuration's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceIndex(pub u32);

/// Look-up tables of a whole configuration, compiled once for each load of it. A copy shares all but
/// which images it looks into.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    pub(crate) services: Arc<[ServiceTable]>,
    pub(crate) never_ban: Arc<NeverBan>,
    pub(crate) max_sessions: u32,
    sources: Vec<Source>,
}

/// A source: its image, or why there is none.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The file that stands for it.
    pub(crate) path: Arc<str>,
    /// Its index among the configuration's files.
    pub(crate) file: u32,
    /// Where it was first named.
    pub(crate) origin: Origin,
    pub(crate) image: Result<Image, Arc<str>>,
    /// Whether it is a pair of hosts.allow and hosts.deny.
    is_hosts: bool,
    /// What is in it then.
    hosts: Option<Arc<HostRules>>,
    /// Where it is a list of entries: its file's index, and its image once there is one.
    list: Option<(u32, Option<Set<Image>>)>,
}

/// What decides about one service.
#[derive(Clone, Debug)]
pub(crate) struct ServiceTable {
    pub(crate) key: ServiceKey,
    /// What bans out of one service call it.
    pub(crate) name: Box<str>,
    pub(crate) origin: Origin,
    pub(crate) hours: Option<HoursTable>,
    pub(crate) lists: Vec<List>,
    pub(crate) rules: Option<RulesUse>,
    /// The sources it looks into, each once.
    pub(crate) sources: Vec<SourceId>,
    pub(crate) wrappers: Option<WrappersUse>,
    pub(crate) dns_lists: DnsLists,
    pub(crate) ident_required: bool,
    pub(crate) trap: Option<Trap>,
    pub(crate) rate: Option<Sited<Rate>>,
    pub(crate) instances: Option<Sited<u32>>,
    pub(crate) per_source: Option<Sited<PerSource>>,
    pub(crate) load: Option<Sited<Load>>,
    pub(crate) startups: Option<Sited<Startups>>,
    pub(crate) per_source_startups: Option<Sited<PerSource>>,
    pub(crate) grace: Option<Duration>,
    pub(crate) authentication: Authentication,
}

impl Tables {
    /// Compiles a checked configuration.
    #[must_use]
    pub fn compile(config: &Config) -> Self {
        Self {
            services: config.services.iter().map(ServiceTable::compile).collect(),
            never_ban: Arc::new(NeverBan::compile(&config.settings.never_ban)),
            max_sessions: config.settings.max_sessions,
            sources: config.sources.iter().map(Source::unread).collect(),
        }
    }

    /// Puts the image of a source in place, or says why there is none: then whoever needs it does
    /// not come in.
    pub fn set_source(&mut self, source: SourceId, image: Result<Image, String>) {
        let Some(slot) = self.sources.get_mut(source.0 as usize) else { return };
        let same = image.as_ref().ok().zip(slot.image.as_ref().ok());
        if same.is_some_and(|(new, old)| new.is(old)) {
            return; // its rules need not be read again
        }
        slot.hosts = None;
        slot.image = image.map_err(Arc::from);
        slot.look_into_list();
        if !slot.is_hosts {
            return;
        }
        if let Ok(image) = &slot.image {
            match HostRules::read(image) {
                Ok(rules) => slot.hosts = Some(Arc::new(rules)),
                Err(damaged) => slot.image = Err(damaged.to_string().into()),
            }
        }
    }

    /// The sources that a service looks into.
    #[must_use]
    pub fn sources(&self, service: ServiceIndex) -> &[SourceId] {
        self.get(service).map_or(&[], |table| &table.sources)
    }

    /// The image of a source.
    #[must_use]
    pub fn image(&self, source: SourceId) -> Option<&Image> {
        self.source(source).and_then(|slot| slot.image.as_ref().ok())
    }

    /// The list file of a source, if it is one that was read: its index among the configuration's
    /// files, and its entries, whose values are their lines.
    pub(crate) fn list(&self, source: SourceId) -> Option<(u32, &Set<Image>)> {
        let (file, list) = self.source(source)?.list.as_ref()?;
        Some((*file, list.as_ref()?))
    }

    pub(crate) fn source(&self, source: SourceId) -> Option<&Source> {
        self.sources.get(source.0 as usize)
    }

    /// The rules of a source, if it is such a pair and was read.
    pub(crate) fn hosts(&self, source: SourceId) -> Option<&HostRules> {
        self.source(source)?.hosts.as_deref()
    }

    /// How many services there are; their indices are below.
    #[must_use]
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// Whether there is no service.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// All services with their keys.
    pub fn services(&self) -> impl Iterator<Item = (ServiceIndex, &ServiceKey)> {
        (0..).map(ServiceIndex).zip(self.services.iter().map(|service| &service.key))
    }

    /// The service with a key.
    #[must_use]
    pub fn find(&self, key: &ServiceKey) -> Option<ServiceIndex> {
        self.services().find(|(_, k)| *k == key).map(|(index, _)| index)
    }

    /// Whether a service's load limit needs [`Facts::load`](crate::Facts) to be read.
    #[must_use]
    pub fn needs_load(&self, service: ServiceIndex) -> bool {
        self.get(service).is_some_and(|table| table.load.is_some())
    }

    /// How the service says that a session has authenticated.
    #[must_use]
    pub fn authentication(&self, service: ServiceIndex) -> Authentication {
        self.get(service).map_or(Authentication::None, |table| table.authentication)
    }

    /// The zones that [`Need::DnsLists`](crate::Need) asks for.
    #[must_use]
    pub fn dns_zones(&self, service: ServiceIndex) -> Vec<DnsZone> {
        let lists = self.get(service).map(|table| &table.dns_lists);
        let both = lists.into_iter().flat_map(|lists| lists.deny.iter().chain(&lists.except));
        both.map(|list| list.zone.clone()).collect()
    }

    pub(crate) fn get(&self, service: ServiceIndex) -> Option<&ServiceTable> {
        self.services.get(service.0 as usize)
    }
}

impl Source {
    fn unread(source: &portreeve_model::Source) -> Self {
        let file = source.kind.files().next();
        let path = file.map(|file| file.path.as_str()).unwrap_or_default();
        let image = Err("it has not been read".into());
        let is_hosts = match &source.kind {
            SourceKind::Wrappers { .. } => true,
            SourceKind::List(_) | SourceKind::Rules { .. } => false,
        };
        let list = match &source.kind {
            SourceKind::List(file) => Some((file.file, None)),
            SourceKind::Rules { .. } | SourceKind::Wrappers { .. } => None,
        };
        let file = file.map_or(source.origin.file, |file| file.file);
        let origin = source.origin;
        Self { path: path.into(), file, origin, image, is_hosts, hosts: None, list }
    }

    /// Looks at the header of a list's image; one that is none is no image.
    fn look_into_list(&mut self) {
        let Some((_, list)) = &mut self.list else { return };
        *list = None;
        let Ok(image) = &self.image else { return };
        match Set::new(image.clone()) {
            Ok(set) => *list = Some(set),
            Err(damaged) => self.image = Err(damaged.to_string().into()),
        }
    }
}

impl ServiceTable {
    fn compile(service: &Service) -> Self {
        let admission = &service.admission;
        Self {
            key: service.key.clone(),
            name: service.name.as_str().into(),
            origin: service.origin.origin,
            hours: admission.hours.as_ref().map(HoursTable::compile),
            lists: admission.lists.iter().map(List::compile).collect(),
            rules: admission.rules.clone(),
            sources: BTreeSet::from_iter(service.sources()).into_iter().collect(),
            wrappers: admission.wrappers.clone(),
            dns_lists: admission.dns_lists.clone(),
            ident_required: service.log.ident == Ident::Require,
            trap: match service.offer {
                Offer::Trap(trap) => Some(trap),
                Offer::Program(_) | Offer::Internal(_) => None,
            },
            rate: admission.rate,
            instances: admission.instances,
            per_source: admission.per_source,
            load: admission.load,
            startups: admission.startups,
            per_source_startups: admission.per_source_startups,
            grace: admission.grace.map(|grace| grace.value),
            authentication: admission.authentication,
        }
    }
}
