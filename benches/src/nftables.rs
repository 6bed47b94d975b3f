//! Bans in the kernel's packet filter: filling it, and one more ban, against nft.

use crate::Failure;
use crate::args::Options;
use crate::cpu::private_memory;
use crate::figures::Figures;
use crate::host::Host;
use crate::print::{Table, line, progress};
use portreeve_model::Network;
use portreeve_sys::channel::{self, Channel};
use portreeve_sys::poll::{Interest, Poller};
use portreeve_testkit::children;
use portreeve_wire::firewall::{
    Change, Cut, FIREWALL_PAGE, FromFirewall, Shut, Table as Plan, ToFirewall,
};
use portreeve_wire::{MAX_PACKET, decode, encode};
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Bans, and with `--cut`.
const BANS: u32 = 1_000_000;
const FEW: u32 = 20_000;
/// Single bans that are timed; of nft's, each of which is a process.
const SINGLES: u32 = 2000;
const PROCESSES: u32 = 50;
/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// How the program gets its channel and its one right, as the monitor gives them.
const START: &str = "exec 3<&0 0</dev/null; exec setpriv --reuid 65534 --regid 65534 \
     --clear-groups --inh-caps +net_admin --ambient-caps +net_admin --no-new-privs \"$0\"";

/// The firewall at the other end of a channel.
struct Firewall {
    child: Child,
    channel: Channel,
    poller: Poller,
    buffer: Vec<u8>,
}

impl Drop for Firewall {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Firewall {
    fn start(host: &Host) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| format!("cannot start the firewall: {error}");
        let (channel, theirs) = channel::pair().map_err(failed)?;
        let mut command = host.world.door("/bin/bash");
        command.args(["--norc", "-c", START]).arg(host.world.bin("portreeve-firewall"));
        command.stdin(Stdio::from(theirs.into_fd()));
        let child = command.spawn().map_err(failed)?;
        drop(command); // it holds the other end of the channel
        let poller = Poller::new().map_err(failed)?;
        poller.add(&channel, 0, Interest::READ).map_err(failed)?;
        let mut firewall = Self { child, channel, poller, buffer: vec![0; MAX_PACKET] };
        firewall.hear(|message| matches!(message, FromFirewall::Ready { .. }))?;
        Ok(firewall)
    }

    /// Waits for a message that fits; trouble is an end.
    fn hear(&mut self, fits: impl Fn(&FromFirewall) -> bool) -> Result<FromFirewall, Failure> {
        let end = Instant::now() + PATIENCE;
        let mut events = Vec::new();
        while Instant::now() < end {
            match self.channel.recv(&mut self.buffer) {
                Ok(Some((length, _))) => {
                    let bytes = self.buffer.get(..length).unwrap_or_default();
                    let message: FromFirewall = decode(bytes).map_err(|e| e.to_string())?;
                    if let FromFirewall::Trouble(why) = &message {
                        return Err(why.clone());
                    }
                    if fits(&message) {
                        return Ok(message);
                    }
                }
                Ok(None) => return Err("the firewall is gone".to_owned()),
                Err(_) => {
                    let wait = self.poller.wait(&mut events, Some(Duration::from_secs(1)));
                    wait.map_err(|error| error.to_string())?;
                }
            }
        }
        Err("the firewall says nothing".to_owned())
    }

    fn tell(&mut self, message: &ToFirewall) -> Result<(), Failure> {
        let bytes = encode(message, MAX_PACKET).map_err(|error| error.to_string())?;
        let end = Instant::now() + PATIENCE;
        while let Err(error) = self.channel.send(&bytes, &[]) {
            if error.kind() != std::io::ErrorKind::WouldBlock || Instant::now() > end {
                return Err(format!("cannot tell the firewall: {error}"));
            }
            std::thread::yield_now();
        }
        Ok(())
    }
}

fn address(n: u32) -> Ipv4Addr {
    // apart from one another, as attackers are: an odd factor permutes all addresses
    Ipv4Addr::from(n.wrapping_mul(2_654_435_761) | 1 << 31)
}

/// A ban of a day.
fn shut(n: u32) -> Shut {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let network = Network::host(address(n).into());
    Shut { network, until: i64::try_from(since + 86_400).ok() }
}

/// One round of ours: seconds to fill the table; microseconds of each ban more; KiB afterwards.
fn ours(host: &Host, bans: u32, ones: &mut Vec<f64>) -> Result<(f64, u64), Failure> {
    let mut firewall = Firewall::start(host)?;
    let plan = Plan {
        name: "portreeve".to_owned(),
        priority: -300,
        most: bans.saturating_mul(2),
        cut: Cut::Beginnings,
        never: Vec::new(),
    };
    firewall.tell(&ToFirewall::Configure(plan))?;
    firewall.hear(|message| *message == FromFirewall::Synchronise)?;
    let all: Vec<Shut> = (0..bans).map(shut).collect();
    let began = Instant::now();
    firewall.tell(&ToFirewall::Begin)?;
    for page in all.chunks(FIREWALL_PAGE) {
        firewall.tell(&ToFirewall::Page(page.to_vec()))?;
    }
    firewall.tell(&ToFirewall::Done)?;
    firewall.hear(|message| *message == FromFirewall::Synchronised)?;
    let filled = began.elapsed().as_secs_f64();
    for n in 0..SINGLES {
        let serial = u64::from(n) + 1;
        let changes = vec![Change::Shut(shut(bans + n))];
        let began = Instant::now();
        firewall.tell(&ToFirewall::Changes { serial, changes })?;
        firewall.hear(|message| *message == FromFirewall::Applied(serial))?;
        ones.push(began.elapsed().as_secs_f64() * 1e6);
    }
    // the child is what entered the private host
    let process = children(firewall.child.id()).first().copied().unwrap_or_default();
    let memory = private_memory(process).dirty;
    drop(firewall);
    host.world.door_run(&["nft", "delete", "table", "inet", "portreeve"]);
    Ok((filled, memory))
}

/// One round of nft's: seconds to fill a table of its own.
fn nfts(host: &Host, script: &str) -> Result<f64, Failure> {
    let mut nft = host.world.door("nft");
    nft.args(["-f", script]);
    let began = Instant::now();
    let output = host.world.run(nft, PATIENCE);
    if !output.status.success() {
        return Err(format!("nft: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(began.elapsed().as_secs_f64())
}

/// Microseconds of one ban more by a process of nft's, with all the others there.
fn process(host: &Host) -> f64 {
    let script = format!(
        "for n in $(seq {PROCESSES}); do nft add element inet theirs bans \
         {{ 10.0.0.$n timeout 1d }}; done"
    );
    let began = Instant::now();
    host.world.door_run(&["bash", "-c", &script]);
    began.elapsed().as_secs_f64() * 1e6 / f64::from(PROCESSES)
}

/// Fills, adds, and has nft do the same.
pub(crate) fn run(host: &Host, options: &Options) -> Result<(), Failure> {
    let bans = if options.cut { FEW } else { BANS };
    let (mut fills, mut theirs) = (Figures::default(), Figures::default());
    let (mut ones, mut memory, mut one) = (Vec::new(), 0, Figures::default());
    let script = host.write("fill.nft", &fill(bans))?;
    for round in 1..=options.rounds {
        progress(&format!("round {round} of {}: {bans} bans into the kernel", options.rounds));
        let (filled, after) = ours(host, bans, &mut ones)?;
        fills.add(filled);
        memory = after;
        theirs.add(nfts(host, &script)?);
        one.add(process(host));
        host.world.door_run(&["nft", "delete", "table", "inet", "theirs"]);
    }
    ones.sort_by(f64::total_cmp);
    let at = |part: usize| ones.get(ones.len() * part / 100).copied().unwrap_or_default();
    let mut table = Table::new(&["", "ratio", "fill in s", "one ban in µs", "99 % in µs"]);
    table.row(vec![
        "portreeve-firewall".into(),
        format!("{:.2}", fills.against(&theirs).median()),
        format!("{:.2}", fills.median()),
        format!("{:.0}", at(50)),
        format!("{:.0}", at(99)),
    ]);
    table.row(vec![
        "nft".into(),
        "1.00".into(),
        format!("{:.2}", theirs.median()),
        format!("{:.0}", one.median()),
        "-".into(),
    ]);
    table.print(&format!("{bans} bans in the kernel's packet filter"));
    line(&format!(
        "One ban: from the monitor's message to the word that the kernel has it, with all the others\n\
         there; of nft, a process. The firewall's own memory after it: {memory} KiB."
    ));
    Ok(())
}

/// The same for nft.
fn fill(bans: u32) -> String {
    let mut script = String::from(
        "add table inet theirs\nadd set inet theirs bans { type ipv4_addr; flags timeout; }\n",
    );
    let all: Vec<u32> = (0..bans).collect();
    for some in all.chunks(1000) {
        script.push_str("add element inet theirs bans {");
        for n in some {
            let _ = write!(script, "{} timeout 1d,", address(*n));
        }
        script.push_str("}\n");
    }
    script
}
