//! Seeded dice, a host without files, and the decision of a converted text.

use portreeve_config::{Entry, Unread, World, load};
use portreeve_dialect::DirectoryEntry;
use portreeve_model::{Config, Load, Zone};
use portreeve_policy::{
    Facts, IdentAnswer, Names, NoTrace, Own, ServiceIndex, State, Tables, Verdict, consider,
};
use std::net::IpAddr;
use std::time::Duration;

/// Numbers that a seed tells (Steele and Vigna's `SplitMix64`).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    /// Whether something happens once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// A host with one file.
struct Host(String);

impl World for Host {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, Unread> {
        match path {
            "/p.toml" => Ok(self.0.clone().into()),
            "/etc/tcp.smtp.txt" => Ok(b":allow\n".into()),
            _ => Err(Unread::absent()),
        }
    }
    fn list(&mut self, _: &str) -> Result<Vec<DirectoryEntry>, Unread> {
        Err(Unread::absent())
    }
    fn zone(&mut self, _: &str) -> Option<Zone> {
        Some(Zone::utc())
    }
    fn idle_times(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// The services of a converted text, each given what it lacks. Another is added, which only
/// `[defaults]` are about.
pub(crate) fn native(text: &str) -> Config {
    let mut out = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = match line {
            "# listen = [\"*:PORT\"]" => format!("listen = [\"127.0.0.1:{}\"]", number + 1000),
            "# run = [\"/PATH/OF/PROGRAM\"]" => "run = [\"/bin/true\"]\nuser = \"nobody\"".into(),
            other => other.to_owned(),
        };
        out += &line;
        out.push('\n');
    }
    out += "[service.other]\nlisten = [\"127.0.0.1:999\"]\ninternal = \"echo\"\n";
    if text.contains("[import]") {
        out += "hosts-access = false\n";
    }
    let loaded = load(&Entry::Native("/p.toml".into()), &mut Host(out.clone()));
    let found =
        portreeve_diag::render(&loaded.diagnostics, &loaded.sources, portreeve_diag::Paint::Plain);
    loaded.config.unwrap_or_else(|| panic!("{found}\n{out}"))
}

/// Whether a native service lets a peer in; `None` if there is no such service, or the old files
/// go on deciding.
pub(crate) fn lets_in(
    config: &Config,
    tables: &Tables,
    service: &str,
    peer: IpAddr,
    names: Names<'_>,
) -> Option<bool> {
    let at = config.services.iter().position(|one| one.key.as_str() == service)?;
    let admission = &config.services[at].admission;
    if admission.wrappers.is_some() || admission.rules.is_some() {
        return None;
    }
    let facts = Facts {
        peer,
        port: 1,
        now: Duration::ZERO,
        wall: 0,
        load: Some(Load(0)),
        dice: 99,
        names,
        listed: None,
        server_names: Names::NotAsked,
        own: Own::default(),
        answered: &[],
        ident: IdentAnswer::NotAsked,
    };
    let state = State::new(10, 10);
    let index = ServiceIndex(u32::try_from(at).unwrap());
    Some(matches!(consider(tables, index, &state, &facts, &mut NoTrace), Verdict::Grant(..)))
}
