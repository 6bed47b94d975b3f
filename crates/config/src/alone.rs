//! Files of another language by themselves, without a configuration that names them.

use crate::check::Check;
use crate::load::{Entry, Loaded, load};
use crate::named::{self, Named};
use crate::world::World;
use portreeve_model::{Config, Dialect, MissingRules, Origin, SourceKind};

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alone {
    /// hosts.allow and hosts.deny; one that is not there has no rules.
    HostsAccess {
        /// hosts.allow.
        allow: String,
        /// hosts.deny.
        deny: String,
    },
    /// Texts for tcprules, or databases.
    Tcprules(Vec<String>),
    /// An xinetd.conf and what it includes.
    Xinetd(String),
    /// A folder of fail2ban's: every jail that is enabled.
    Fail2ban(String),
    /// A denyhosts.cfg.
    DenyHosts(String),
}

/// Reads such files, and says what a configuration that names them would have said of them.
pub fn alone(what: &Alone, world: &mut dyn World) -> Loaded {
    let kinds = match what {
        Alone::Xinetd(path) => return load(&Entry::Xinetd(path.clone()), world),
        Alone::Fail2ban(path) => return load(&Entry::Fail2ban(path.clone()), world),
        Alone::DenyHosts(path) => return load(&Entry::DenyHosts(path.clone()), world),
        Alone::HostsAccess { allow, deny } => {
            vec![SourceKind::Wrappers { allow: named::file(allow), deny: named::file(deny) }]
        }
        Alone::Tcprules(paths) => {
            let rules = |path: &String| SourceKind::Rules {
                file: named::file(path),
                missing: MissingRules::Refuse,
            };
            paths.iter().map(rules).collect()
        }
    };
    let (mut check, mut named) = (Check::default(), Named::default());
    // no text names them
    let origin = Origin { file: u32::MAX, line: 0, column: 0, dialect: Dialect::Native };
    for kind in kinds {
        named.id(&mut check, kind, origin);
    }
    let sources = named.done();
    let files = check.sources.paths();
    let images = crate::sources::read_all(&mut check, world, &sources);
    let questions = std::mem::take(&mut check.questions);
    let (texts, found) = check.done();
    let config = Config { files, sources, ..Config::default() };
    let config = (!found.has_errors()).then_some(config);
    Loaded { config, sources: texts, diagnostics: found, images, questions }
}
