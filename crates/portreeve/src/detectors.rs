//! `portreeve detectors`: what can be looked for, and who looks.

use crate::args::DetectorsArgs;
use crate::detect::unknown;
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render::text::{count, visible, wrap};
use crate::render::{Ink, ink, json};
use crate::terminal::{self, Form};
use crate::{configuration, standing};
use portreeve_detect::{CARDS, Card};
use portreeve_diag::Paint;
use portreeve_model::{Authentication, Config};
use portreeve_wire::control::Status;
use serde_json::{Value, json};

/// Lists them. Yes; a name that there is none of is a usage error.
pub(crate) fn run(args: &DetectorsArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let cards: Vec<_> = match &args.name {
        None => CARDS.iter().collect(),
        Some(name) => {
            let found = CARDS.iter().find(|card| card.name == name);
            vec![found.ok_or_else(|| unknown(name))?]
        }
    };
    let entry = paths.configuration(&args.source);
    let loaded = configuration::load(&entry)?;
    let named = args.source.config.is_some() || args.source.xinetd.is_some();
    if loaded.config.is_none() && named {
        let message = "that configuration cannot be read";
        return Err(Failure::new(Exit::Configuration, message)
            .help("`portreeve check` names everything that is wrong with it"));
    }
    let live = if named { None } else { standing::ask(paths) };
    let uses: Vec<_> = cards
        .into_iter()
        .map(|card| Used::of(card, loaded.config.as_ref(), live.as_ref()))
        .collect();
    terminal::answer(&match form {
        Form::Json => {
            let known = loaded.config.is_some();
            let each = uses.iter().map(|used| used.json(known));
            json::text(&json!({ "detectors": each.collect::<Vec<_>>() }))
        }
        Form::Text(paint) if args.name.is_some() => {
            uses.iter().map(|used| used.whole(paint)).collect()
        }
        Form::Text(paint) => uses.iter().map(|used| used.brief(paint)).collect(),
    })?;
    Ok(Exit::Yes)
}

/// A detector, and who has lines looked at by it.
struct Used<'c> {
    card: &'c Card,
    /// Watches, each with how many offences its sources have told of so far, if a door runs.
    watches: Vec<(String, Option<u64>)>,
    /// Services whose sessions it listens to.
    services: Vec<String>,
}

impl<'c> Used<'c> {
    fn of(card: &'c Card, config: Option<&Config>, live: Option<&Status>) -> Self {
        let mut used = Self { card, watches: Vec::new(), services: Vec::new() };
        let Some(config) = config else { return used };
        for watch in &config.watches {
            if watch.detectors.iter().any(|one| one.word() == card.name) {
                let name = watch.name.to_string();
                let found = live.and_then(|status| offences(status, &name));
                used.watches.push((name, found));
            }
        }
        for service in &config.services {
            if let Authentication::Watch(watcher) = service.admission.authentication
                && watcher.word() == card.name
            {
                used.services.push(service.key.to_string());
            }
        }
        used
    }

    fn brief(&self, paint: Paint) -> String {
        let mut line = format!("reads {}; finds {}.", self.card.programs, self.kinds());
        if !self.users().is_empty() {
            line.push_str(&format!(" Used by {}.", self.users()));
        }
        let name = ink(paint, Ink::Name, self.card.name);
        format!("{name}\n{}", wrap("    ", &line))
    }

    fn whole(&self, paint: Paint) -> String {
        let card = self.card;
        let mut out = format!("{}\n", ink(paint, Ink::Name, card.name));
        out.push_str(&wrap("  reads     ", card.programs));
        out.push_str(&wrap("  versions  ", card.versions));
        out.push_str(&wrap("  finds     ", &self.kinds()));
        let users = self.users();
        out.push_str(&wrap("  used by   ", if users.is_empty() { "nobody" } else { &users }));
        out.push_str("  for example\n");
        card.example.lines().for_each(|line| out.push_str(&format!("    {line}\n")));
        out
    }

    fn kinds(&self) -> String {
        let words: Vec<_> = self.card.kinds.iter().map(|kind| kind.word()).collect();
        format!("{}{}", words.join(", "), if self.card.logins { "; logins" } else { "" })
    }

    fn users(&self) -> String {
        let watches = self.watches.iter().map(|(name, found)| match found {
            Some(found) => format!("watch {} ({} so far)", visible(name), count(*found, "offence")),
            None => format!("watch {}", visible(name)),
        });
        let services = self.services.iter().map(|key| format!("service {}", visible(key)));
        watches.chain(services).collect::<Vec<_>>().join(", ")
    }

    fn json(&self, known: bool) -> Value {
        let card = self.card;
        let watches =
            self.watches.iter().map(|(name, found)| json!({ "name": name, "offences": found }));
        json!({
            "name": card.name,
            "programs": card.programs,
            "versions": card.versions,
            "kinds": card.kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>(),
            "logins": card.logins,
            "example": card.example,
            "watches": known.then(|| watches.collect::<Vec<_>>()),
            "services": known.then_some(&self.services),
        })
    }
}

/// What the sources of a watch have told of, by whatever detector.
fn offences(status: &Status, watch: &str) -> Option<u64> {
    let watch = status.watches.iter().find(|one| one.name == watch)?;
    let files = watch.files.iter().filter_map(|file| file.report.as_ref());
    let journal = watch.journal.iter().filter_map(|journal| journal.report.as_ref());
    Some(files.chain(journal).map(|report| report.offences).fold(0, u64::saturating_add))
}
