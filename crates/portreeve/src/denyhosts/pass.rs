//! What was found in the log is counted, and whoever has done too much is shut out.

use super::flags::Flags;
use super::reader::Done;
use super::report::Report;
use super::setup::Setup;
use super::{files, place, programs};
use portreeve_dialect::denyhosts::{Block, Deed, DenyFile, is_private};
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Counts, denies, runs what is to be run, and reports.
///
/// # Errors
/// A file cannot be read or written; what was counted is kept where it could be.
pub(super) fn judge(setup: &mut Setup, flags: &Flags, found: Vec<Done>) -> Result<(), String> {
    let path = PathBuf::from(&setup.settings.hosts_deny);
    let text = files::bytes(&path)?.unwrap_or_default();
    let mut file = DenyFile::read(&String::from_utf8_lossy(&text));
    let mut report = Report::default();
    warned(setup, &file, &mut report)?;
    let suspicious = count(setup, found);
    place::save(setup)?;
    let new: Vec<IpAddr> = guilty(setup, &file).into_iter().collect();
    if !new.is_empty() {
        let since = setup.settings.purge_deny.map(|_| setup.now());
        for host in &new {
            file.add(setup.settings.block_service.as_deref(), *host, since);
        }
        let hosts: Vec<String> = new.iter().map(ToString::to_string).collect();
        match append(&path, &text, &file) {
            Ok(()) => {
                report.section(&format!("Added to {}", path.display()), &hosts);
                setup.say.info(&format!("denied: {}", hosts.join(", ")));
                programs::denied(setup, &new);
            }
            Err(why) => {
                report.section(&format!("Could not be added to {}", path.display()), &hosts);
                setup.say.warning(&why);
                programs::packet_filters(setup, &new);
            }
        }
    }
    if !suspicious.is_empty() {
        setup.say.info(&format!("suspicious logins: {}", suspicious.join(", ")));
        report.section("Logins after too many failures of the same host", &suspicious);
    }
    report.send(setup, flags)
}

/// The file with what was added to it. It may have changed since it was read: then what is there now
/// gets the new lines.
fn append(path: &Path, before: &[u8], file: &DenyFile) -> Result<(), String> {
    let known = DenyFile::read(&String::from_utf8_lossy(before)).lines.len();
    let new = DenyFile { lines: file.lines.get(known..).unwrap_or_default().to_vec() };
    let mut bytes = files::bytes(path)?.unwrap_or_default();
    if bytes.last().is_some_and(|last| *last != b'\n') {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(new.print().as_bytes());
    files::replace(path, &bytes, 0o644)
}

/// Counts; gives the logins that came after too many failures.
fn count(setup: &mut Setup, found: Vec<Done>) -> Vec<String> {
    let now = setup.now();
    let today = setup.seconds(now);
    let mut late = BTreeSet::new();
    for (host, user, deed) in found {
        let host = portreeve_model::unmapped(host);
        if is_private(host) {
            // nobody's address in the Internet: as DenyHosts since 3.1
            setup.say.warning(&format!("{host} is passed over: it is no address of the Internet"));
            continue;
        }
        let word = match deed {
            Deed::Invalid => "a user that does not exist",
            Deed::Valid => "a user",
            Deed::Success => "a login",
        };
        setup.say.debug(&format!("{host}: {word}: {user}"));
        let zone = setup.zone.clone();
        let idle = |at| today.saturating_sub(super::setup::seconds(at, &zone));
        let was_late =
            setup.store.count((host, &user, deed), &setup.settings, &setup.restricted, now, idle);
        if was_late && (setup.settings.suspicious_allowed || !setup.allowed.contains(host)) {
            late.insert(format!("{user} - {host}"));
        }
    }
    late.into_iter().collect()
}

/// Who is to be shut out and is not yet.
fn guilty(setup: &mut Setup, file: &DenyFile) -> BTreeSet<IpAddr> {
    let there: BTreeSet<IpAddr> = file
        .entries()
        .filter_map(|(_, block, _)| match block {
            Block::Address(address) => Some(*address),
            Block::Other(_) => None,
        })
        .collect();
    let mut guilty = setup.store.too_many(setup.settings.thresholds);
    guilty.retain(|host| !there.contains(host) && !setup.allowed.contains(*host));
    let own: Vec<IpAddr> = guilty.intersection(&setup.own).copied().collect();
    for host in own {
        setup.say.warning(&format!("{host} is this host's own address and is not denied"));
        guilty.remove(&host);
    }
    guilty
}

/// Tells once of each host that is denied though it is allowed.
fn warned(setup: &mut Setup, file: &DenyFile, report: &mut Report) -> Result<(), String> {
    let path = setup.work("allowed-warned-hosts");
    let known = files::bytes(&path)?.unwrap_or_default();
    let known: BTreeSet<String> =
        String::from_utf8_lossy(&known).lines().map(|line| line.trim().to_owned()).collect();
    let mut new = BTreeSet::new();
    for (_, block, _) in file.entries() {
        if let Block::Address(address) = block
            && setup.allowed.contains(*address)
            && !known.contains(&block.text())
        {
            new.insert(block.text());
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let new: Vec<String> = new.into_iter().collect();
    let failed = |error| format!("cannot write {}: {error}", path.display());
    let mut list = OpenOptions::new().append(true).create(true).open(&path).map_err(failed)?;
    list.write_all(format!("{}\n", new.join("\n")).as_bytes()).map_err(failed)?;
    let title = format!(
        "In {}, though {} allows them",
        setup.settings.hosts_deny,
        setup.work("allowed-hosts").display()
    );
    report.section(&title, &new);
    Ok(())
}
