//! A scene, acted out.

use super::outcome::{Outcome, Told};
use super::record::{self, Line};
use super::scene::{Scene, Script, Step, Visit, reached};
use crate::{Door, SOON};
use portreeve_testkit::{End, World, Xinetd, children, read_to_end_bounded, read_until, wait_for};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, TcpStream};
use std::time::Duration;

/// Most bytes of one connection.
const MOST: usize = 8 << 20;

/// Which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The real xinetd.
    Ancestor,
    /// The real portreeved.
    Ours,
}

/// A running door of either kind.
enum Running<'w> {
    Ancestor(Xinetd),
    Ours(Door<'w>),
}

impl Running<'_> {
    fn pid(&mut self) -> u32 {
        match self {
            Self::Ancestor(xinetd) => xinetd.running().pid(),
            Self::Ours(door) => door.running().pid(),
        }
    }

    /// How many connections are served now. A child that has ended counts until it has been reaped,
    /// and with it everything that its end changes.
    fn sessions(&mut self, internal: bool) -> usize {
        // Internal services have no process of their own here.
        if let (Self::Ours(door), true) = (&*self, internal) {
            let sessions = door.status()["sessions"].as_u64();
            return sessions.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        }
        let helper = |pid: &u32| {
            let exe = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            let name = exe.file_name().unwrap_or_default().to_string_lossy().into_owned();
            ["portreeve-clerk", "portreeve-relay", "portreeve-compile"].contains(&name.as_str())
        };
        children(self.pid()).iter().filter(|pid| !helper(pid)).count()
    }

    fn settle(&mut self, internal: bool, held: usize) {
        wait_for(SOON, format!("{held} sessions"), || self.sessions(internal) == held);
    }

    fn stop(mut self) {
        match &mut self {
            Self::Ancestor(xinetd) => drop(xinetd.running().stop(SOON)),
            Self::Ours(door) => drop(door.running().stop(SOON)),
        }
    }
}

/// A private host and the servers that belong to the scene; these go first.
pub struct Stage {
    _kept: Box<dyn Any>,
    /// The host.
    pub world: World,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.world.fmt(f)
    }
}

impl Scene {
    /// A private host with everything the scene needs.
    #[must_use]
    pub fn stage(&self) -> Stage {
        let world = World::standard();
        let networks = [
            "8.0.0.0/5",
            "172.16.0.0/12",
            "192.168.0.128/25",
            "192.168.33.0/24",
            "192.168.54.0/24",
            "198.51.100.0/24",
            "2001:db8:a::/48",
        ];
        world.add_client("many", &networks);
        Stage { _kept: (self.prepare)(&world), world }
    }

    /// Runs it under one door and returns what came of each script.
    ///
    /// # Panics
    /// When the door does not open, or a session does not end.
    #[must_use]
    pub fn run(&self, world: &World, side: Side) -> Vec<Outcome> {
        let probe = world.bin("portreeve-probe").display().to_string();
        for (path, mode, content) in &self.files {
            world.write(path, content.replace("PROBE", &probe));
            world.door_run(&["chmod", mode, path]);
        }
        world.door_run(&["sh", "-c", "rm -f /var/log/*.log"]);
        let text = self.text.replace("PROBE", &probe);
        let said_before = world.syslog().len();
        let door = match side {
            Side::Ancestor => Running::Ancestor(Xinetd::start_with(world, &text, |command| {
                command.envs(self.environment.iter().copied());
            })),
            Side::Ours => {
                world.write("/etc/xinetd.conf", &text);
                let args = ["--xinetd", "/etc/xinetd.conf"];
                Running::Ours(Door::start_with(world, &args, |command| {
                    command.envs(self.environment.iter().copied());
                }))
            }
        };
        let told = self.act(world, door, &mut |_, _| ());
        let messages = world.syslog().split_off(said_before);
        self.share(told, &logs(world, &messages))
    }

    /// Runs its scripts on a door of ours that is open, and stops it; `before` is called before
    /// each connection.
    ///
    /// # Panics
    /// When a session does not end.
    #[must_use]
    pub fn play(
        &self,
        world: &World,
        door: Door<'_>,
        before: &mut dyn FnMut(&Door<'_>, &Visit),
    ) -> Vec<Vec<Told>> {
        self.act(world, Running::Ours(door), &mut |running, visit| {
            if let Running::Ours(door) = running {
                before(door, visit);
            }
        })
    }

    /// Does every script.
    fn act(&self, world: &World, mut door: Running<'_>, before: Before<'_>) -> Vec<Vec<Told>> {
        let internal = |entry: &super::Entry| entry.is("INTERNAL") && !entry.flag("SENSOR");
        let internal = self.entries().iter().any(internal);
        let scripts = self.scripts.iter();
        let told =
            scripts.map(|script| steps(world, script, &mut door, internal, before)).collect();
        door.stop();
        told
    }

    /// Gives each script the records about its services.
    fn share(&self, told: Vec<Vec<Told>>, lines: &[Line]) -> Vec<Outcome> {
        let entries = self.entries();
        let mut owner: BTreeMap<String, &str> = BTreeMap::new();
        let outcomes = self.scripts.iter().zip(told).map(|(script, told)| {
            let reached = script.visits().filter_map(|visit| reached(&entries, visit.to));
            let ids: BTreeSet<&str> = reached.map(super::Entry::id).collect();
            for id in &ids {
                let other = owner.insert((*id).to_owned(), script.name);
                assert!(other.is_none(), "{id} is in `{}` and in `{other:?}`", script.name);
            }
            let mut log: Vec<Line> =
                lines.iter().filter(|line| ids.contains(line.id.as_str())).cloned().collect();
            record::normalise(&mut log);
            Outcome { told, log }
        });
        outcomes.collect()
    }
}

/// Called before each connection.
type Before<'a> = &'a mut dyn FnMut(&Running<'_>, &Visit);

/// Does one script.
fn steps(
    world: &World,
    script: &Script,
    door: &mut Running<'_>,
    internal: bool,
    before: Before<'_>,
) -> Vec<Told> {
    let mut told = Vec::new();
    let mut held: Vec<TcpStream> = Vec::new();
    for step in &script.steps {
        match step {
            Step::Visit(visit) => {
                before(door, visit);
                told.push(attend(&connect(world, visit), visit));
            }
            Step::Burst(visit, times) => {
                let streams: Vec<_> = (0..*times).map(|_| connect(world, visit)).collect();
                // None leaves before all have been heard.
                told.extend(streams.iter().map(|stream| attend(stream, visit)));
            }
            Step::Hold(visit) => {
                before(door, visit);
                let (first, stream) = begin(connect(world, visit), visit);
                told.push(first);
                held.extend(stream);
            }
            Step::Release => held.clear(),
            Step::Wait(seconds) => std::thread::sleep(Duration::from_secs(*seconds)),
        }
        door.settle(internal, held.len());
    }
    drop(held);
    door.settle(internal, 0);
    told
}

/// Every record in the log files and in the system log.
fn logs(world: &World, messages: &[String]) -> Vec<Line> {
    let mut lines = Vec::new();
    for path in world.door_run(&["sh", "-c", "ls /var/log/*.log 2>/dev/null || true"]).lines() {
        lines.extend(Line::parse_all(path, &world.read(path)));
    }
    lines.extend(Line::parse_syslog(messages));
    lines
}

fn connect(world: &World, visit: &Visit) -> std::io::Result<TcpStream> {
    let client = client(visit.peer);
    let stream = world.connect_from(client, &visit.peer.to_string(), &visit.to.to_string())?;
    // A refusal may come before the words are out.
    let _ = std::io::Write::write_all(&mut &stream, visit.says.as_bytes());
    Ok(stream)
}

/// The first words of a connection, which stays open if it is served.
fn begin(stream: std::io::Result<TcpStream>, visit: &Visit) -> (Told, Option<TcpStream>) {
    match stream {
        Ok(stream) => {
            let sign = visit.until.unwrap_or("}\n");
            let received = read_until(&stream, sign.as_bytes(), SOON);
            let served = received.end == End::Enough;
            (Told::new(&received), served.then_some(stream))
        }
        Err(error) => (Told::absent(&error), None),
    }
}

fn attend(stream: &std::io::Result<TcpStream>, visit: &Visit) -> Told {
    match stream {
        Ok(stream) => Told::new(&match visit.until {
            Some(needle) => read_until(stream, needle.as_bytes(), SOON),
            None => read_to_end_bounded(stream, MOST, SOON),
        }),
        Err(error) => Told::absent(error),
    }
}

/// Which client has the address.
fn client(peer: IpAddr) -> &'static str {
    match peer.to_string().as_str() {
        "192.168.0.50" => "lan",
        "203.0.113.7" | "2001:db8:f::7" => "far",
        "127.0.0.1" | "::1" | "192.168.0.1" | "88.1.2.3" | "2001:db8::1" => "door",
        _ => "many",
    }
}
