//! Entries are taken out again: the old ones, all, or some.

use super::flags::Flags;
use super::setup::Setup;
use super::{files, place, programs};
use crate::terminal;
use portreeve_dialect::denyhosts::{Block, Counters, DenyFile, Store};
use std::path::PathBuf;

/// Does what the flags ask for before the log is read.
///
/// # Errors
/// It cannot be done as the configuration stands, or a file cannot be written.
pub(super) fn asked(flags: &Flags, setup: &mut Setup) -> Result<(), String> {
    if flags.migrate {
        migrate(setup)?;
    }
    if let Some(whom) = &flags.purge_ip {
        these(setup, whom)?;
    }
    if flags.purge_all {
        older_than(setup, 1)?;
    }
    if flags.purge {
        let age = setup.settings.purge_deny.ok_or_else(|| needs("--purge"))?;
        older_than(setup, age)?;
    }
    Ok(())
}

fn needs(flag: &str) -> String {
    format!("{flag} needs PURGE_DENY, which is blank in the configuration")
}

fn read(setup: &Setup) -> Result<(PathBuf, DenyFile), String> {
    let path = PathBuf::from(&setup.settings.hosts_deny);
    let bytes = files::bytes(&path)?.unwrap_or_default();
    Ok((path, DenyFile::read(&String::from_utf8_lossy(&bytes))))
}

/// Takes out what is older than so many seconds.
///
/// # Errors
/// A file cannot be read or written.
pub(super) fn older_than(setup: &mut Setup, age: u64) -> Result<(), String> {
    let (path, mut file) = read(setup)?;
    let history = place::counters(&setup.work("purge-history"), &mut setup.say)?;
    let history_v6 = place::counters(&history_of_ipv6(setup), &mut setup.say)?;
    let age = i64::try_from(age).unwrap_or(i64::MAX);
    let cutoff = crate::moment::now().as_second().saturating_sub(age);
    let zone = setup.zone.clone();
    let most = setup.settings.purge_threshold;
    let times = |block: &Block| {
        let key = block.text();
        history.count(&key).max(history_v6.count(&key))
    };
    let purged = file.purge(
        |since| super::setup::seconds(since, &zone) < cutoff,
        |block| most.is_some_and(|most| times(block) > most),
    );
    for line in purged.mismatched {
        let path = path.display();
        setup.say.warning(&format!("{path}:{line}: the next line is not the marker's; both stay"));
    }
    gone(setup, &path, &file, &purged.hosts, "purge")
}

/// Takes out the entries of these.
fn these(setup: &mut Setup, whom: &[String]) -> Result<(), String> {
    let (path, mut file) = read(setup)?;
    let block = |text: &String| match text.parse() {
        Ok(address) => Block::Address(portreeve_model::unmapped(address)),
        Err(_) => Block::Other(text.clone()),
    };
    let whom: Vec<Block> = whom.iter().map(block).collect();
    let hosts = file.remove(&whom);
    for missing in whom.iter().filter(|block| !hosts.contains(block)) {
        setup.say.warning(&format!("{}: there is no {}", path.display(), missing.text()));
    }
    gone(setup, &path, &file, &hosts, "purgeip")
}

/// These are shut out no more: in all files, and for programs.
fn gone(
    setup: &mut Setup,
    path: &std::path::Path,
    file: &DenyFile,
    hosts: &[Block],
    what: &str,
) -> Result<(), String> {
    if hosts.is_empty() {
        setup.say.info("nothing is purged");
        return Ok(());
    }
    files::backup(path, what)?;
    files::replace(path, file.print().as_bytes(), 0o644)?;
    let mut names: Vec<String> = hosts.iter().map(Block::text).collect();
    names.sort();
    names.dedup();
    setup.say.info(&format!("purged: {}", names.join(", ")));
    names.iter().for_each(|host| setup.store.forget(host));
    place::save(setup)?;
    let now = setup.now();
    for v6 in [false, true] {
        let (name, path) = match v6 {
            false => ("purge-history".to_owned(), setup.work("purge-history")),
            true => (format!("purge-history{}", Store::IPV6), history_of_ipv6(setup)),
        };
        let mut history: Counters = place::counters(&path, &mut setup.say)?;
        let of_this = names.iter().filter(|host| host.contains(':') == v6);
        of_this.for_each(|host| history.add(host, now));
        place::write(setup, &name, &history.print(), true)?;
    }
    programs::purged(setup, &names);
    Ok(())
}

fn history_of_ipv6(setup: &Setup) -> PathBuf {
    setup.work(&format!("purge-history{}", Store::IPV6))
}

/// Gives every entry a marker, if somebody says `Yes`.
fn migrate(setup: &mut Setup) -> Result<(), String> {
    if setup.settings.purge_deny.is_none() {
        return Err(needs("--migrate"));
    }
    let (path, mut file) = read(setup)?;
    let count = file.migrate(setup.now());
    let shown = path.display();
    let question = format!(
        "{count} entries of {shown} have no marker. With one they are purged when they are older \
         than PURGE_DENY, also those that were written by hand.\nType Yes to give them one: "
    );
    terminal::answer(&question).map_err(|failure| failure.to_string())?;
    let mut typed = String::new();
    let read = std::io::stdin().read_line(&mut typed);
    if read.is_err() || typed.trim() != "Yes" {
        return terminal::answer("nothing is done\n").map_err(|failure| failure.to_string());
    }
    files::backup(&path, "migrate")?;
    files::replace(&path, file.print().as_bytes(), 0o644)
}
