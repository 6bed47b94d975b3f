//! What watches look for, compiled as the clerk will do it.

use crate::render::check::span;
use portreeve_detect::filter::{Dated, Filter, Userdef};
use portreeve_diag::{Code, Diagnostic, Level, Sources};
use portreeve_model::{Config, Watch};

/// The code of a filter or pattern that is not served.
const WATCH_UNSERVED: Code = Code("watch-unserved");

/// Filters and patterns that the clerk will leave out, with the places that are the reason.
pub(super) fn findings(config: &Config, sources: &Sources) -> Vec<Diagnostic> {
    config.watches.iter().flat_map(|watch| of(watch, sources)).collect()
}

fn of(watch: &Watch, sources: &Sources) -> Vec<Diagnostic> {
    let dated = if watch.journal.is_some() { Dated::Beside } else { Dated::InLine };
    let mut found = Vec::new();
    let name = &watch.name;
    for filter in &watch.filters {
        let Err(refusals) = Filter::new(filter, dated) else { continue };
        found.extend(refusals.into_iter().map(|refusal| {
            let at = span(refusal.origin, sources);
            let help = format!("the watch `{name}` goes on without this filter: mend it there");
            Diagnostic::new(Level::Warning, WATCH_UNSERVED, at, refusal.to_string()).help(help)
        }));
    }
    let userdef = watch.userdef.iter().map(|one| one.value.as_str());
    for wrong in Userdef::new(userdef).err().unwrap_or_default() {
        let at = watch.userdef.get(wrong.pattern).and_then(|one| span(one.origin, sources));
        let message = format!("{} is not served: {}", Userdef::NAME, wrong.why);
        let help = format!("the watch `{name}` goes on without these patterns: mend it");
        found.push(Diagnostic::new(Level::Warning, WATCH_UNSERVED, at, message).help(help));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_config::{Disk, Entry, Trust, load};
    use portreeve_detect::filter::Verdict;
    use std::path::Path;

    fn example() -> (Config, Sources) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/watched-logs");
        let path = path.canonicalize().unwrap().join("portreeve.toml").display().to_string();
        let loaded = load(&Entry::Native(path), &mut Disk::new(Trust::Anybody));
        (loaded.config.unwrap(), loaded.sources)
    }

    #[test]
    fn the_filters_of_the_example_are_served() {
        let (config, sources) = example();
        assert_eq!(findings(&config, &sources), []);
        let shop = config.watches.iter().find(|watch| watch.name.as_str() == "shop").unwrap();
        let served = Filter::new(&shop.filters[0], Dated::InLine);
        let mut filter = served.unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let mut read = |line: &str| matches!(filter.read(line.as_bytes()), Verdict::Offence(_));
        let when = "2026-11-22 10:00:00";
        assert!(read(&format!("{when} shop[7]: wrong password for jo from 198.51.100.7")));
        assert!(read(&format!("{when} shop[7]: unknown page asked for by 198.51.100.7")));
        assert!(!read(&format!("{when} shop[7]: wrong password for jo from 192.0.2.7")));
        assert!(!read(&format!("{when} shop[7]: jo from 198.51.100.7 bought a lamp")));
    }

    #[test]
    fn what_is_not_served_is_told_with_its_place() {
        let (mut config, sources) = example();
        for watch in &mut config.watches {
            for one in watch.filters.iter_mut().flat_map(|filter| &mut filter.failregex) {
                one.value.push_str("(?P<broken");
            }
        }
        let found = findings(&config, &sources);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().all(|one| one.level == Level::Warning && one.at.is_some()));
    }
}
