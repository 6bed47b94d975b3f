//! How long one access decision takes with few and with very many entries: ours in every language,
//! and those of its peers; what the entries cost in memory, and how long they take to be read.

mod entries;
mod floor;
mod linear;
mod loading;
mod ours;
mod peers;
mod timing;

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use portreeve_lists::Set;
use portreeve_testkit::bin_dir;
use portreeve_ucspi::image::{Answer, Hosts, Image, Info, Peer};
use portreeve_ucspi::rules::Action;

use crate::Failure;
use crate::args::Options;
use crate::print::Table;
use entries::{Kind, lines};
use floor::{Chase, InTurn, hashed};
use linear::Scan;
use ours::Door;
use timing::{Decider, HEADINGS, compare};

/// How many entries.
const SIZES: [u32; 3] = [10, 10_000, MANY];

/// The most.
const MANY: u32 = 1_000_000;

/// Decisions between two looks at the clock, where one takes nanoseconds.
const BATCH: usize = 2_000;

/// Measures everything.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let folder = Folder::new()?;
    let programs = Programs::find(&folder.0)?;
    let mut table = Table::new(&HEADINGS);
    for size in SIZES {
        mixed(&mut table, options, &folder.0, size)?;
    }
    table.print("one decision, half IPv4 and half IPv6, addresses and networks: nanoseconds");
    let mut table = Table::new(&HEADINGS);
    for size in SIZES {
        hosts(&mut table, options, &programs, &folder.0, size)?;
    }
    table.print("one decision, IPv4 addresses, which every language can write: nanoseconds");
    loading::run(options, &programs, &folder.0)
}

/// Peers that are programs, as far as they are there.
struct Programs {
    cdb: Option<PathBuf>,
    wrap: Option<PathBuf>,
    /// Our `tcprules` among the tools.
    tools: PathBuf,
}

impl Programs {
    fn find(folder: &Path) -> Result<Self, Failure> {
        Ok(Self {
            cdb: peers::CDB.compile(folder)?,
            wrap: peers::WRAP.compile(folder)?,
            tools: bin_dir().join("portreeve-tools"),
        })
    }
}

/// A folder of ours, gone with us.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("portreeve-access.{}", std::process::id()));
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes a file there.
fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn mixed(table: &mut Table, options: &Options, folder: &Path, size: u32) -> Result<(), Failure> {
    let entries = Kind::Mixed.entries(size);
    let list = write(folder, "mixed.list", &lines(&entries, "", ""))?;
    let text = format!("{}deny = [\"@{}\"]\n", service("mixed"), list.display());
    let door = Door::open(&write(folder, "mixed.toml", &text)?)?;
    let set = set_of(&door, &list)?;
    let scan = Scan::new(&entries);
    let peers = Kind::Mixed.peers(size);
    let service = door.service("mixed")?;
    let (mut in_turn, mut chase) = (InTurn::new(&set, &peers), Chase::beside(door.image(&list)?)?);
    let hashed = hashed(&entries);
    let mut deciders = vec![
        Decider::here("the list alone", &peers, BATCH, |peer| set.by_address(*peer).is_some()),
        Decider::here("portreeve, deny = [\"@list\"]", &peers, BATCH, |peer| {
            door.refuses(service, *peer)
        }),
        Decider::here("the list alone, one by one", &peers, BATCH, |_| in_turn.next()),
        Decider::here("a line of memory, one by one", &peers, BATCH, |_| chase.next()),
        Decider::here("hash set, addresses alone", &peers, BATCH, |peer| hashed.contains(peer)),
        Decider::here("linear scan", &peers, scan_batch(size), |peer| scan.holds(*peer)),
    ];
    deciders.retain(|decider| options.wants(decider.name));
    compare(table, &mut deciders, size, (options.time, options.rounds))
}

/// What every language can write.
fn hosts(
    table: &mut Table,
    options: &Options,
    programs: &Programs,
    folder: &Path,
    size: u32,
) -> Result<(), Failure> {
    let entries = Kind::Hosts.entries(size);
    let files = Files::write(folder, programs, &lines(&entries, "", ""), &entries)?;
    let door = Door::open(&files.config)?;
    let set = set_of(&door, &files.list)?;
    let scan = Scan::new(&entries);
    let peers = Kind::Hosts.peers(size);
    let hashed = hashed(&entries);
    let texts: Vec<String> = peers.iter().map(IpAddr::to_string).collect();
    let peer_file = write(folder, "peers", &texts.join("\n"))?;
    let rules =
        Image::open(door.image(&files.database)?).map_err(|_| "the rules' image is damaged")?;
    let through = |name, service| {
        let (door, service) = (&door, door.service(service)?);
        let refuses = move |peer: &IpAddr| door.refuses(service, *peer);
        Ok::<_, Failure>(Decider::here(name, &peers, BATCH, refuses))
    };
    let mut deciders = vec![
        Decider::here("the list alone", &peers, BATCH, |peer| set.by_address(*peer).is_some()),
        Decider::here("hash set, addresses alone", &peers, BATCH, |peer| hashed.contains(peer)),
        through("portreeve, deny = [\"@list\"]", "list")?,
        through("portreeve, hosts.deny", "hosts")?,
        Decider::here("the rules' image alone", &texts, BATCH, |peer| denies(&rules, peer)),
        through("portreeve, rules", "rules")?,
        Decider::here("linear scan", &peers, scan_batch(size), |peer| scan.holds(*peer)),
    ];
    let path = |path: &Path| path.display().to_string();
    let peer_file = path(&peer_file);
    if let Some(program) = &programs.cdb {
        for (name, how, batch) in
            [("tinycdb, kept open", "mapped", "2000"), ("tinycdb, reopened", "reopened", "10")]
        {
            let words = [how, &path(&files.database), &peer_file, batch];
            deciders.push(peers::decider(name, program, &words)?);
        }
    }
    if let Some(program) = &programs.wrap {
        let batch = (10_000 / size).max(1).to_string();
        let words = [&path(&files.allow), &path(&files.deny), &peer_file, batch.as_str()];
        deciders.push(peers::decider("libwrap", program, &words)?);
    }
    deciders.retain(|decider| options.wants(decider.name));
    compare(table, &mut deciders, size, (options.time, options.rounds))
}

/// The same entries in every language, and a configuration with a service for each.
struct Files {
    config: PathBuf,
    list: PathBuf,
    allow: PathBuf,
    deny: PathBuf,
    database: PathBuf,
    /// What the database is made of.
    rules: PathBuf,
}

impl Files {
    fn write(
        folder: &Path,
        programs: &Programs,
        list: &str,
        entries: &[portreeve_model::Network],
    ) -> Result<Self, Failure> {
        let files = Self {
            config: folder.join("hosts.toml"),
            list: write(folder, "hosts.list", list)?,
            allow: write(folder, "hosts.allow", "")?,
            deny: write(folder, "hosts.deny", &lines(entries, "sshd: ", ""))?,
            rules: write(folder, "rules", &lines(entries, "", ":deny"))?,
            database: folder.join("rules.cdb"),
        };
        loading::tcprules(&programs.tools, &files.rules, &files.database)?;
        let pair = format!(
            "[import]\nhosts-access = {{ allow = \"{}\", deny = \"{}\" }}\n",
            files.allow.display(),
            files.deny.display(),
        );
        let text = format!(
            "{pair}{}hosts-access = false\ndeny = [\"@{}\"]\n{}hosts-access = \"sshd\"\n\
             {}hosts-access = false\nrules = \"{}\"\n",
            service("list"),
            files.list.display(),
            service("hosts"),
            service("rules"),
            files.database.display(),
        );
        write(folder, "hosts.toml", &text)?;
        Ok(files)
    }
}

/// The beginning of a service; nobody opens it.
fn service(name: &str) -> String {
    // the configuration wants another port for each
    let port = name.bytes().fold(2000, |port, byte| (port * 31 + u32::from(byte)) % 40_000 + 2000);
    format!("[service.{name}]\nlisten = [\"127.0.0.1:{port}\"]\ninternal = \"echo\"\n")
}

fn set_of<'a>(door: &'a Door, list: &Path) -> Result<Set<&'a [u8]>, Failure> {
    Set::new(door.image(list)?).map_err(|damaged| damaged.to_string())
}

/// The linear scan takes about a nanosecond an entry.
fn scan_batch(size: u32) -> usize {
    (100_000 / size).clamp(1, 2_000) as usize
}

fn denies(rules: &Image<'_>, address: &str) -> bool {
    let peer = Peer { address: address.as_bytes(), hosts: Hosts::NotAsked, info: Info::NotAsked };
    match rules.decide(&peer) {
        Ok(Answer::Decided(found)) => found.is_some_and(|found| found.rule.action == Action::Deny),
        Ok(Answer::Ask(_) | Answer::Unclear(_)) | Err(_) => true,
    }
}
