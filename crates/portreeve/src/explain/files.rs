//! The answer of the files alone.

use super::decide::{self, Asked};
use super::quote;
use crate::args::ExplainArgs;
use crate::configuration;
use crate::exit::{Exit, Failure};
use crate::paths::{Configuration, Paths};
use crate::render::explain::Explained;
use crate::render::text::{count, visible};
use jiff::Timestamp;
use portreeve_config::Loaded;
use portreeve_diag::{Diagnostics, Level};
use portreeve_model::{Config, Load, Supposed};
use std::collections::BTreeSet;

/// Reads the configuration and decides by it.
///
/// # Errors
/// The configuration is refused, or holds no such service.
pub(super) fn explain(
    args: &ExplainArgs,
    paths: &Paths,
    at: Timestamp,
    supposed: &Supposed,
) -> Result<Vec<Explained>, Failure> {
    let entry = paths.configuration(&args.source);
    let Loaded { config, sources, diagnostics, images, .. } = configuration::load(&entry)?;
    let Some(config) = config else { return Err(refused(&entry, &diagnostics)) };
    let asked = Asked {
        peer: args.peer.address,
        port: args.peer.port.unwrap_or(0),
        wall: at.as_second(),
        supposed,
        load: portreeve_sys::socket::load_average().and_then(hundredths),
    };
    let services = decide::meant(&config, &args.service);
    if services.is_empty() && config.kept.iter().any(|kept| kept.name.as_str() == args.service) {
        return Err(super::kept(&args.service));
    }
    if services.is_empty() {
        return Err(no_service(&args.service, &entry, &config));
    }
    let explanations = decide::explanations(&config, images, &services, &asked);
    let down = down(&config, &services, paths);
    let explained = explanations.into_iter().zip(down).map(|(explanation, down)| {
        let origin = explanation.origin.as_deref();
        let line = origin.and_then(|origin| quote::from_sources(origin, &config.files, &sources));
        Explained { explanation, line, down }
    });
    Ok(explained.collect())
}

/// A refused configuration decides nothing.
fn refused(entry: &Configuration, found: &Diagnostics) -> Failure {
    let errors = found.iter().filter(|one| one.level == Level::Error).count();
    let errors = count(u64::try_from(errors).unwrap_or(u64::MAX), "error");
    let path = entry.path().display();
    let option = match entry {
        Configuration::Native(_) => "--config",
        Configuration::Xinetd(_) => "--xinetd",
    };
    let message = format!("{path} is refused ({errors}): nothing can be explained");
    Failure::new(Exit::Configuration, message)
        .help(format!("`portreeve check {option} {path}` names what is wrong"))
}

/// Why each of these services cannot run on this host.
fn down(config: &Config, services: &[usize], paths: &Paths) -> Vec<Vec<String>> {
    let these = services.iter().filter_map(|at| config.services.get(*at).cloned());
    let only = Config {
        files: config.files.clone(),
        settings: config.settings.clone(),
        services: these.collect(),
        sources: config.sources.clone(),
        ..Config::default()
    };
    let host = configuration::host(&only, paths);
    let reasons = host
        .services
        .into_iter()
        .map(|facts| facts.problems.into_iter().map(|problem| problem.reason).collect());
    reasons.collect()
}

fn hundredths(load: f64) -> Option<Load> {
    // Through text: the only conversion to an integer that cannot surprise.
    format!("{:.0}", load * 100.0).parse().ok().map(Load)
}

fn no_service(name: &str, entry: &Configuration, config: &Config) -> Failure {
    let names: BTreeSet<_> = config.services.iter().map(|service| service.name.as_str()).collect();
    let path = entry.path().display().to_string();
    let message = format!("{} has no service `{}`", visible(&path), visible(name));
    let failure = Failure::new(Exit::Usage, message);
    match names.len() {
        0 => failure.help("it offers nothing at all"),
        1..=20 => failure.help(format!(
            "there {} {}",
            if names.len() == 1 { "is" } else { "are" },
            names.into_iter().collect::<Vec<_>>().join(", ")
        )),
        _ => failure.help("`portreeve check --print` shows them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_is_counted_in_hundredths() {
        assert_eq!(hundredths(0.129), Some(Load(13)));
        assert_eq!(hundredths(f64::NAN), None);
    }

    #[test]
    fn services_that_exist_are_named() {
        let entry = Configuration::Native("/c.toml".into());
        let failure = no_service("shh\x1b", &entry, &Config::default());
        assert_eq!(failure.message, "/c.toml has no service `shh\\x1b`");
    }
}
