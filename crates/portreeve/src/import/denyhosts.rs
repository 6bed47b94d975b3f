//! DenyHosts' hosts.deny, with what its work directory says of it.

use super::{Found, Load, MOST, Passed};
use crate::args::{DenyhostsArgs, Unmarked};
use crate::denyhosts::{read_all, seconds};
use crate::exit::{Exit, Failure};
use crate::render::text::count;
use jiff::tz::TimeZone;
use portreeve_diag::{Diagnostics, Sources};
use portreeve_dialect::denyhosts::{Allowed, Block, Counters, DenyFile, Reading, Store};
use portreeve_model::Network;
use portreeve_sys::file::read_bounded;
use portreeve_wire::import::ImportedBan;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Bytes of a file, at most.
const LARGEST: usize = 256 << 20;
/// The judge that `[import] denyhosts` makes.
const JUDGE: &str = "denyhosts";
/// Entries of a list that are written for a configuration, at most.
const MOST_NEVER: usize = 10_000;

/// Where everything lies, and what is said of it.
struct Place {
    hosts_deny: PathBuf,
    work_dir: Option<PathBuf>,
    /// Seconds that an entry with a marker lasts.
    lasts: Option<u64>,
    /// Whoever was purged more often stays for ever.
    patience: Option<u32>,
    /// What stands before the addresses, where that is known.
    service: Option<Option<String>>,
    configuration: String,
}

impl Place {
    fn of(args: &DenyhostsArgs) -> Result<Self, Failure> {
        let lasts = args.time.map(|time| time.as_secs());
        if let (None, Some(hosts_deny)) = (&args.config, &args.hosts_deny) {
            return Ok(Self {
                hosts_deny: hosts_deny.clone(),
                work_dir: args.work_dir.clone(),
                lasts,
                patience: None,
                service: None,
                configuration: String::new(),
            });
        }
        let path = args.config.clone().unwrap_or_else(|| "/etc/denyhosts.conf".into());
        let path = path.display().to_string();
        let (_, settings, ..) = read_all(&path).map_err(|told| {
            Failure::new(Exit::Configuration, format!("{path} cannot be taken as it is\n{told}"))
                .help("or name its files: `--hosts-deny FILE --work-dir DIR`")
        })?;
        let hosts_deny = args.hosts_deny.clone().unwrap_or_else(|| settings.hosts_deny.into());
        let work_dir = args.work_dir.clone().unwrap_or_else(|| settings.work_dir.into());
        Ok(Self {
            hosts_deny,
            work_dir: Some(work_dir),
            lasts: lasts.or(settings.purge_deny),
            patience: settings.purge_threshold,
            service: Some(settings.block_service),
            configuration: format!("[import]\ndenyhosts = {path:?}\n"),
        })
    }
}

/// Reads the entries of hosts.deny, and what the work directory says of them.
pub(super) fn load(args: &DenyhostsArgs) -> Result<Load, Failure> {
    let place = Place::of(args)?;
    let mut load = Load { program: "DenyHosts", ..Load::default() };
    load.configuration.clone_from(&place.configuration);
    let mut history = Counters::default();
    if let Some(work) = &place.work_dir {
        history = counters(work, "purge-history", &mut load)?;
        counted(work, &mut load)?;
        if place.configuration.is_empty() {
            load.configuration = never(work, &mut load)?;
        }
    }
    let shown = place.hosts_deny.display().to_string();
    let text = read(&place.hosts_deny)?.ok_or_else(|| {
        Failure::new(Exit::System, format!("there is no {shown}"))
            .help("name it: `--hosts-deny FILE`")
    })?;
    let file = DenyFile::read(&text);
    let (zone, now) = (TimeZone::system(), crate::moment::now().as_second());
    for (line, block, since) in file.entries() {
        let spot = format!("{shown}:{line}");
        if load.bans.len() + load.passed.len() >= MOST {
            let why = format!("there are more than {MOST} entries: the later ones were not read");
            load.passed.push(Passed { place: spot, why });
            break;
        }
        let written = line.checked_sub(1).and_then(|at| file.lines.get(at));
        let written = written.map_or("", |line| line.text.as_str());
        let marked = since.map(|since| seconds(since, &zone));
        match ban(&place, args.unmarked, (written, block), marked, &history, now) {
            Ok(ban) => load.bans.push(Found { place: spot, ban }),
            Err(why) => load.passed.push(Passed { place: spot, why }),
        }
    }
    Ok(load)
}

fn ban(
    place: &Place,
    unmarked: Unmarked,
    (written, block): (&str, &Block),
    marked: Option<i64>,
    history: &Counters,
    now: i64,
) -> Result<ImportedBan, String> {
    let address = match block {
        Block::Address(address) => *address,
        Block::Other(text) => {
            let text: String = text.chars().take(60).collect();
            return Err(format!("`{}` is no address", text.escape_debug()));
        }
    };
    let daemon = written.split_once(':').map(|(daemon, _)| daemon.trim());
    let bare = written.trim().parse::<std::net::IpAddr>().is_ok();
    if let (Some(Some(own)), None) = (&place.service, marked)
        && daemon.is_none_or(|daemon| daemon != own)
        && !bare
    {
        return Err(format!("it is not DenyHosts': its lines begin with `{own}:`"));
    }
    let times = history.count(&address.to_string());
    let often = place.patience.is_some_and(|patience| times > patience);
    let lasts = place.lasts.and_then(|lasts| i64::try_from(lasts).ok()).filter(|_| !often);
    let until = match (marked, unmarked) {
        (Some(since), _) => lasts.map(|lasts| since.saturating_add(lasts)),
        (None, Unmarked::ForEver) => None,
        (None, Unmarked::FromNow) => lasts.map(|lasts| now.saturating_add(lasts)),
        (None, Unmarked::PassOver) => return Err("it has no marker".to_owned()),
    };
    let before = match times {
        0 => String::new(),
        times => format!(", purged {} before", count(u64::from(times), "time")),
    };
    let marker = if marked.is_some() { "" } else { ", without a marker" };
    Ok(ImportedBan {
        network: Network::host(address),
        since: marked.unwrap_or(now),
        until,
        reason: format!("hosts.deny{marker}{before}"),
        judge: JUDGE.to_owned(),
    })
}

/// A file's text; nothing where there is none.
fn read(path: &Path) -> Result<Option<String>, Failure> {
    match read_bounded(path, LARGEST) {
        Ok(content) => Ok(Some(String::from_utf8_lossy(&content.bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::system(format!("read {}", path.display()), &error)),
    }
}

/// Counters of a file of the work directory and of its like for IPv6. Lines that are none are told.
fn counters(work: &Path, name: &str, load: &mut Load) -> Result<Counters, Failure> {
    let mut all = Counters::default();
    for ending in ["", Store::IPV6] {
        let path = work.join(format!("{name}{ending}"));
        let Some(text) = read(&path)? else { continue };
        let (read, bad) = Counters::read(&text);
        all.0.extend(read.0);
        for bad in bad {
            load.remarks.push(format!("{}:{}: {}", path.display(), bad.line, bad.why));
        }
    }
    Ok(all)
}

/// Tells of the hosts that are counted and are not shut out: a counter does not say when each failure
/// was, so none of them can be an offence.
fn counted(work: &Path, load: &mut Load) -> Result<(), Failure> {
    let mut hosts = BTreeSet::new();
    for name in ["hosts", "hosts-valid", "hosts-root", "hosts-restricted"] {
        let all = counters(work, name, load)?;
        for (key, counter) in all.0 {
            if key.parse::<std::net::IpAddr>().is_err() {
                let path = work.join(name);
                let key: String = key.chars().take(60).collect();
                let key = key.escape_debug();
                load.remarks.push(format!("{}: `{key}` is no address", path.display()));
            } else if counter.count > 0 {
                hosts.insert(key);
            }
        }
    }
    let hosts = u64::try_from(hosts.len()).unwrap_or(u64::MAX);
    if hosts > 0 {
        load.remarks.push(format!(
            "{}: failures of {} stay there: a count does not say when each was, and everybody begins \
             anew",
            work.display(),
            count(hosts, "host")
        ));
    }
    Ok(())
}

/// The `never` of a configuration that allowed-hosts comes to.
fn never(work: &Path, load: &mut Load) -> Result<String, Failure> {
    let path = work.join("allowed-hosts");
    let Some(text) = read(&path)? else { return Ok(String::new()) };
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let file = sources.add(path.display().to_string(), text);
    let allowed = Allowed::of(file, &sources, Reading::default(), &mut found);
    for finding in &found {
        let line = finding.at.map_or(0, |at| sources.line_column(at).0);
        load.remarks.push(format!("{}:{line}: {}", path.display(), finding.message));
    }
    let entries = allowed.entries.iter().take(MOST_NEVER);
    let entries = entries.map(|entry| match entry.range.first() == entry.range.last() {
        true => format!("  \"{}\",\n", entry.range.first()),
        false => format!("  \"{}\",\n", entry.range),
    });
    let entries: String = entries.collect();
    Ok(if entries.is_empty() { entries } else { format!("[ban]\nnever = [\n{entries}]\n") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(lasts: Option<u64>, patience: Option<u32>) -> Place {
        Place {
            hosts_deny: PathBuf::new(),
            work_dir: None,
            lasts,
            patience,
            service: Some(Some("sshd".to_owned())),
            configuration: String::new(),
        }
    }

    fn until(
        place: &Place,
        unmarked: Unmarked,
        written: &str,
        marked: Option<i64>,
    ) -> Result<Option<i64>, String> {
        let file = DenyFile::read(written);
        let (_, block, _) = file.entries().next().unwrap();
        let (history, _) = Counters::read("9.9.9.9:3:Tue Dec 16 11:24:15 2014\n");
        ban(place, unmarked, (written, block), marked, &history, 1000).map(|ban| ban.until)
    }

    #[test]
    fn marked_entries_end_and_others_as_is_said() {
        use Unmarked::{ForEver, FromNow, PassOver};
        let week = place(Some(100), None);
        assert_eq!(until(&week, ForEver, "sshd: 9.9.9.8", Some(50)), Ok(Some(150)));
        assert_eq!(until(&week, ForEver, "sshd: 9.9.9.8", None), Ok(None));
        assert_eq!(until(&week, FromNow, "sshd: 9.9.9.8", None), Ok(Some(1100)));
        assert!(until(&week, PassOver, "sshd: 9.9.9.8", None).is_err());
        assert_eq!(until(&place(None, None), ForEver, "sshd: 9.9.9.8", Some(50)), Ok(None));
        assert_eq!(until(&place(Some(100), Some(2)), ForEver, "sshd: 9.9.9.9", Some(50)), Ok(None));
        assert_eq!(
            until(&place(Some(100), Some(3)), ForEver, "sshd: 9.9.9.9", Some(50)),
            Ok(Some(150))
        );
    }

    #[test]
    fn lines_of_others_and_pieces_of_addresses_are_passed_over() {
        let week = place(Some(100), None);
        for (line, why) in [
            ("in.ftpd: 9.9.9.8", "it is not DenyHosts'"),
            ("ALL: .evil.example", "is no address"),
            ("sshd: 2001", "`2001` is no address"),
        ] {
            let told = until(&week, Unmarked::ForEver, line, None).unwrap_err();
            assert!(told.contains(why), "{line}: {told}");
        }
        assert_eq!(until(&week, Unmarked::ForEver, "sshd: 2001:470::8", Some(1)), Ok(Some(101)));
    }
}
