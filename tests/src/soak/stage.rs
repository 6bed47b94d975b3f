//! The door, the world around it, and what must hold all the time.

use super::say;
use crate::strain::{Cgroup, Vitals, echoes, helper, rests, shut_out, told};
use crate::{Door, Random, SOON};
use portreeve_testkit::{End, World, read_until, wait_for};
use std::io::Write;
use std::net::TcpStream;

pub(super) const SSH: &str = "192.168.0.1:22";
pub(super) const CAT: &str = "192.168.0.1:700";
pub(super) const THEIRS: &str = "192.168.0.1:701";
pub(super) const BRIEF: &str = "192.168.0.1:702";
pub(super) const GONE: &str = "192.168.0.1:703";
pub(super) const HUNGRY: &str = "192.168.0.1:704";
pub(super) const WALL: &str = "192.168.0.1:705";
pub(super) const SHUT: &str = "192.168.0.1:706";
pub(super) const ECHO: &str = "192.168.0.1:7";
pub(super) const TRAP: &str = "192.168.0.1:23";

/// The two folders in which the door writes, each a small file system of its own.
pub(super) const FOLDERS: [&str; 2] = ["/var/log/portreeve", "/var/lib/portreeve"];

const CONFIGURATION: &str = r#"
[portreeve]
max-sessions = 20000
log = { size = "256K", keep = 3 }

[defaults]
user = "thisuser"
backlog = 4096

[service.ssh]
listen = ["192.168.0.1:22"]
run = ["/usr/sbin/sshd", "-i", "-e"]
user = "root"
watch = "sshd"
startups = "30:30:60"
grace = "20s"

[service.cat]
listen = ["192.168.0.1:700"]
run = ["/bin/cat"]

[service.theirs]
listen = ["192.168.0.1:701"]
run = ["/bin/cat"]
user = "otheruser"

[service.brief]
listen = ["192.168.0.1:702"]
run = ["/bin/true"]

[service.gone]
listen = ["192.168.0.1:703"]
run = ["DIR/gone"]

[service.hungry]
listen = ["192.168.0.1:704"]
run = ["DIR/hungry"]
user = "root"

[service.wall]
listen = ["192.168.0.1:705"]
run = ["/bin/cat"]
banner = "DIR/wall"

[service.shut]
listen = ["192.168.0.1:706"]
run = ["/bin/cat"]
allow = []

[service.echo]
listen = ["192.168.0.1:7"]
internal = "echo"

[trap.telnet]
listen = ["192.168.0.1:23"]
ban = "1d"

[ban]
never = ["192.168.0.0/24"]
"#;

/// Everything a deed may need.
pub(super) struct Stage<'w> {
    pub(super) world: &'w World,
    pub(super) door: Door<'w>,
    pub(super) random: Random,
    /// Who touched the trap.
    pub(super) banned: Vec<String>,
    /// Bounds the memory of hungry sessions, where there can be such a group.
    pub(super) memory: Option<Cgroup>,
    /// Bounds the door's processes, likewise.
    pub(super) processes: Option<Cgroup>,
    /// Connections that were served or refused, as far as deeds count them.
    pub(super) served: u64,
    pub(super) refused: u64,
    /// A session that is there from the beginning to the end.
    kept: TcpStream,
    before: Vitals,
    most: Vitals,
}

impl<'w> Stage<'w> {
    pub(super) fn open(world: &'w World, random: Random) -> Self {
        world.ssh_keys();
        world.add_client("many", &["198.51.100.0/24"]);
        for folder in FOLDERS {
            world.door_run(&["mkdir", "-p", folder]);
            world.door_run(&["mount", "-t", "tmpfs", "-o", "size=8m", "small", folder]);
            world.door_run(&["chown", "portreeve-clerk:portreeve-clerk", folder]);
        }
        let dir = world.dir().display().to_string();
        let memory = Cgroup::make("memory");
        let eats = match &memory {
            Some(group) => {
                group.bound_memory(24 << 20);
                let entrance = group.entrance().display().to_string();
                format!("echo $$ >{entrance}\nexec tail /dev/zero")
            }
            None => "ulimit -v 262144\n(sleep 1; kill -KILL $$) &\nexec sleep 60".to_owned(),
        };
        world.write_program(format!("{dir}/hungry"), format!("#!/bin/sh\nread go\n{eats}\n"));
        world.write_program(format!("{dir}/gone"), "#!/no/such/interpreter\n");
        world.write(format!("{dir}/wall"), "no way in\n".repeat(90_000));
        let door = Door::native(world, &CONFIGURATION.replace("DIR", &dir));
        let processes = Cgroup::make("pids");
        match &processes {
            Some(group) => group.take(door.monitor()),
            None => say("no pids control group to be had: `processes` is left out"),
        }
        let how = if memory.is_some() { "a control group" } else { "SIGKILL under RLIMIT_AS" };
        say(format_args!("hungry sessions end by {how}"));
        assert!(echoes(world, "lan", CAT) && echoes(world, "lan", ECHO));
        let kept = world.connect("lan", CAT).expect("the session that is kept");
        door.wait_sessions("cat", 1);
        door.wait_sessions("echo", 0);
        let before = Vitals::of(&door);
        let (banned, served, refused) = (Vec::new(), 0, 0);
        let most = before;
        Self { world, door, random, banned, memory, processes, served, refused, kept, before, most }
    }

    /// What it holds now is what it may hold later: tables have grown to their size.
    pub(super) fn warm(&mut self) {
        wait_for(SOON * 3, "one session alone", || self.door.status()["sessions"] == 1);
        self.before = Vitals::of(&self.door);
        say(format_args!("warm: {:?}", self.before));
    }

    /// After every deed: it serves, the kept session goes on, and a ban holds.
    pub(super) fn sound(&mut self, when: &str) {
        for to in [CAT, ECHO] {
            wait_for(SOON * 2, format!("{to} to answer after {when}"), || {
                echoes(self.world, "lan", to)
            });
            self.served += 1;
        }
        self.kept.write_all(b"still here\n").expect("the kept session takes words");
        let told = read_until(&self.kept, b"here\n", SOON);
        assert_eq!(told.end, End::Enough, "the kept session after {when}: {told:?}");
        if !self.banned.is_empty() {
            let from = self.random.pick(&self.banned).clone();
            assert!(shut_out(self.world, "many", &from, CAT), "{from} is in again after {when}");
            self.refused += 1;
        }
        let now = Vitals::of(&self.door);
        self.most.kilobytes = self.most.kilobytes.max(now.kilobytes);
        self.most.descriptors = self.most.descriptors.max(now.descriptors);
        assert!(now.zombies < 100, "{now:?} after {when}");
    }

    /// Now and then: nothing has leaked, and it rests.
    pub(super) fn rested(&mut self, when: &str) {
        for name in ["portreeve-clerk", "portreeve-relay"] {
            wait_for(SOON * 3, format!("a {name} after {when}"), || {
                helper(&self.door, name).is_some()
            });
        }
        self.before.regained(&self.door, when);
        rests(&self.door, when);
        for from in &self.banned {
            assert!(shut_out(self.world, "many", from, CAT), "{from} is in again after {when}");
        }
        let bans = self.door.status()["bans"].as_u64();
        assert_eq!(bans, u64::try_from(self.banned.len()).ok(), "bans after {when}");
        say(format_args!(
            "        rested     {:?}, {} bans",
            Vitals::of(&self.door),
            self.banned.len()
        ));
    }

    /// Somebody new touches the trap.
    pub(super) fn ban(&mut self) -> String {
        let from = format!("198.51.100.{}", 1 + self.random.below(250));
        if !self.banned.contains(&from) {
            let peer = self.world.connect_from("many", &from, TRAP);
            drop(peer.map(|peer| read_until(&peer, b"?", SOON)));
            wait_for(SOON, format!("{from} to be banned"), || {
                shut_out(self.world, "many", &from, CAT)
            });
            self.banned.push(from.clone());
        }
        from
    }

    /// The last look: everything as at the beginning, an orderly end, and bans that outlive it.
    pub(super) fn close(mut self) -> String {
        self.rested("the end");
        let totals = format!(
            "{} served, {} refused, {} bans; at rest {:?}, at most {} kB and {} descriptors at a look",
            self.served,
            self.refused,
            self.banned.len(),
            Vitals::of(&self.door),
            self.most.kilobytes,
            self.most.descriptors,
        );
        drop(self.kept);
        self.door.stop();
        drop((self.memory, self.processes));
        let again = Door::start(self.world, &[]);
        for from in &self.banned {
            assert!(shut_out(self.world, "many", from, CAT), "{from} is in after a restart");
        }
        assert_eq!(told(self.world, "lan", SHUT), "");
        again.stop();
        totals
    }
}
