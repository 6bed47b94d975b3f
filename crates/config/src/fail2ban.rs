//! Jails of fail2ban's as watches.

use crate::check::{self, Check};
use crate::codes;
use crate::native::fixed_zone;
use crate::world::{DialectFiles, World};
use portreeve_diag::Span;
use portreeve_dialect::fail2ban::{Jail, Wanted, jails};
use portreeve_model::{Origin, Sited, Watch, Zone};

/// What `[import]` says of fail2ban.
#[derive(Clone, Debug)]
pub(crate) struct Fail2ban {
    /// Its folder.
    pub(crate) directory: String,
    /// Where that is written.
    pub(crate) at: Span,
    /// Which jails.
    pub(crate) wanted: Wanted,
}

/// A watch of every jail that is wanted.
pub(crate) fn watches(check: &mut Check, world: &mut dyn World, import: &Fail2ban) -> Vec<Watch> {
    let Fail2ban { directory, at, wanted } = import;
    let mut files = DialectFiles(world);
    let (sources, found) = (&mut check.sources, &mut check.found);
    let jails = jails(directory, Some(*at), wanted, &mut files, sources, found);
    jails.into_iter().map(|jail| watch(check, world, jail, *at)).collect()
}

fn watch(check: &Check, world: &mut dyn World, jail: Jail, import: Span) -> Watch {
    let zone =
        jail.zone.map(|seconds| if seconds == 0 { Zone::utc() } else { fixed_zone(seconds) });
    let zone = zone.or_else(|| world.zone("local")).unwrap_or_else(Zone::utc);
    let origin = Origin {
        dialect: portreeve_model::Dialect::Fail2ban,
        ..check.origin(jail.at.unwrap_or(import))
    };
    Watch {
        service: jail.name.clone(),
        name: jail.name,
        files: jail.files,
        journal: jail.journal,
        detectors: Vec::new(),
        filters: vec![jail.filter.text],
        userdef: Vec::new(),
        zone,
        origin: Sited::new((), origin),
    }
}

/// Tells of watches that share a name, and of too many.
pub(crate) fn duplicates(check: &mut Check, watches: &[Watch]) {
    let span = |check: &Check, watch: &Watch| {
        let origin = watch.origin.origin;
        check.sources.line_span(portreeve_diag::FileId(origin.file), origin.line)
    };
    for (at, watch) in watches.iter().enumerate() {
        let earlier = watches.iter().take(at).find(|earlier| earlier.name == watch.name);
        let Some(earlier) = earlier else { continue };
        let message = format!("a second watch `{}`", watch.name);
        let finding = check::error(codes::DUPLICATE_WATCH, span(check, watch), message);
        let finding = finding.also(span(check, earlier), "the first one");
        check.say(finding.help("rename one, or leave the jail out with `except`"));
    }
    if let Some(past) = watches.get(Watch::MOST_WATCHES) {
        let message = format!("more than {} watches", Watch::MOST_WATCHES);
        let finding = check::error(codes::TOO_LARGE, span(check, past), message);
        check.say(finding.help("let one watch read more files"));
    }
}
