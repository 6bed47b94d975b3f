//! Which services hosts.allow and hosts.deny are asked about, and under which name.

use crate::check::{self, Check};
use crate::codes;
use crate::named::{self, Named};
use portreeve_diag::Span;
use portreeve_model::{Argv0, Dialect, Offer, Origin, Program, Service, SourceKind, WrappersUse};

/// The files of a configuration that names no others.
pub(crate) const USUAL: [&str; 2] = ["/etc/hosts.allow", "/etc/hosts.deny"];

/// What `[import]` says of them.
#[derive(Clone, Debug)]
pub(crate) struct HostsAccess {
    /// hosts.allow.
    pub(crate) allow: String,
    /// hosts.deny.
    pub(crate) deny: String,
    /// Where it says so, if native services ask them unless they say otherwise.
    pub(crate) import: Option<Span>,
}

impl Default for HostsAccess {
    fn default() -> Self {
        let [allow, deny] = USUAL.map(str::to_owned);
        Self { allow, deny, import: None }
    }
}

impl HostsAccess {
    /// The use of the files under a name; a name that no rule can hold is told.
    pub(crate) fn under(
        &self,
        check: &mut Check,
        named: &mut Named,
        daemon: String,
        (at, dialect): (Span, Dialect),
    ) -> WrappersUse {
        if let Some(reason) = no_rule_holds(&daemon) {
            let help =
                "write `hosts-access = \"NAME\"`, or in an entry of xinetd's `libwrap = NAME`";
            check.say(check::warning(codes::HOSTS_ACCESS_NAME, at, reason).help(help));
        }
        let Self { allow, deny, .. } = self;
        let kind = SourceKind::Wrappers { allow: named::file(allow), deny: named::file(deny) };
        let origin = Origin { dialect, ..check.origin(at) };
        WrappersUse { source: named.id(check, kind, origin), daemon, origin }
    }
}

/// The name under which a native service asks unless it says otherwise, chosen as xinetd does: the
/// last part of the program's path, or of the name that the program is given; the service's own
/// name without a program. A trap, which lets nobody in, asks nobody.
pub(crate) fn usual_name(service: &Service) -> Option<String> {
    match &service.offer {
        Offer::Program(program) => Some(match process_name(program) {
            // a folder, which cannot be run: the service has a name all the same
            "" => service.name.as_str().to_owned(),
            name => name.to_owned(),
        }),
        Offer::Internal(_) => Some(service.name.as_str().to_owned()),
        Offer::Trap(_) => None,
    }
}

fn process_name(program: &Program) -> &str {
    let name = match &program.argv0 {
        Argv0::BaseName => &program.path,
        Argv0::Given(name) => name,
    };
    name.rsplit('/').next().unwrap_or(name)
}

/// A name, which may be one that no rule can hold.
///
/// # Errors
/// Why it cannot be one, as a phrase.
pub(crate) fn daemon(text: &str) -> Result<String, String> {
    match text {
        "" => Err("a name cannot be empty".into()),
        _ => Ok(text.into()),
    }
}

/// Why no rule can hold a name: its characters divide the words of a rule.
fn no_rule_holds(name: &str) -> Option<String> {
    let divides = |c: char| c.is_whitespace() || c.is_control() || ",:@/[]".contains(c);
    let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    let odd = name.contains(divides) || name.starts_with('#') || digits;
    odd.then(|| format!("no rule can name `{name}`: only `ALL` and wildcards mean it"))
}
