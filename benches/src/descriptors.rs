//! Served connections a second while the same door holds thousands of idle sessions.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use portreeve_testkit::open_descriptors;

use crate::Failure;
use crate::args::Options;
use crate::client::{Until, count, load};
use crate::contestant::{Contestant, Job, Recipe};
use crate::contestants::holders;
use crate::figures::Figures;
use crate::host::Host;
use crate::print::{Table, line, progress};

/// From here the service holds its sessions.
const HELD_FROM: &str = "127.0.0.2";

/// Longest wait for a session to begin.
const PATIENCE: Duration = Duration::from_secs(10);

/// Two doors of a kind, and what one of them holds.
struct Pair {
    name: &'static str,
    none: Contestant,
    full: Contestant,
    held: Vec<TcpStream>,
}

/// For each door two of a kind, one of which holds sessions, in turn.
pub(crate) fn run(host: &Host, options: &Options) -> Result<(), Failure> {
    let headings = ["", "held", "open", "at a time", "none", "held", "min", "max", "ratio"];
    let mut table = Table::new(&headings);
    let mut notes = Vec::new();
    for recipe in holders(options) {
        progress(&format!("descriptors: {}", recipe.name));
        match Pair::start(host, &recipe, options.held, &mut notes) {
            Ok(pair) => {
                for concurrency in options.concurrency_or(&[8]) {
                    table.row(pair.compare(host, options, concurrency, &mut notes));
                }
                pair.end();
            }
            Err(why) => notes.push(format!("not measured: {}: {why}", recipe.name)),
        }
    }
    table.print(
        "served connections a second: with no idle session, and with so many held (min and max of\n\
         the latter), and so many descriptors open in the listening process",
    );
    for text in notes {
        line(&text);
    }
    Ok(())
}

impl Pair {
    fn start(
        host: &Host,
        recipe: &Recipe,
        most: usize,
        notes: &mut Vec<String>,
    ) -> Result<Self, Failure> {
        let none = Contestant::start(host, recipe, Job::Serve)?;
        let full = Contestant::start(host, recipe, Job::Serve)?;
        let (held, short) = hold(host, full.port, most);
        notes.extend(short.map(|why| format!("{}: {why}", recipe.name)));
        full.settle();
        Ok(Self { name: recipe.name, none, full, held })
    }

    fn compare(
        &self,
        host: &Host,
        options: &Options,
        concurrency: usize,
        notes: &mut Vec<String>,
    ) -> Vec<String> {
        let descriptors = open_descriptors(self.full.pid()).len();
        let (mut without, mut with) = (Figures::default(), Figures::default());
        for round in 1..=options.rounds {
            progress(&format!("{}, concurrency {concurrency}, round {round}", self.name));
            for (door, figures) in [(&self.none, &mut without), (&self.full, &mut with)] {
                let until = Until::Time(options.time);
                let outcome = load(&host.world, door.port, Job::Serve, concurrency, until);
                door.settle();
                figures.add(outcome.rate());
                let failed = outcome.failed;
                let note = |why| format!("{}: {failed} went wrong: {why}", self.name);
                notes.extend(outcome.failure.map(note));
            }
        }
        vec![
            self.name.to_owned(),
            self.held.len().to_string(),
            descriptors.to_string(),
            concurrency.to_string(),
            format!("{:.0}", without.median()),
            format!("{:.0}", with.median()),
            format!("{:.0}", with.least()),
            format!("{:.0}", with.most()),
            format!("{:.2}", with.against(&without).median()),
        ]
    }

    /// Ends the sessions, and waits until the machine has recovered.
    fn end(self) {
        let some = u64::try_from(self.held.len()).map_or(1.0, count) / 10_000.0;
        drop(self.held);
        sleep(Duration::from_secs_f64(some.min(2.0)));
        self.full.settle();
    }
}

/// Opens sessions that stay. When no more fit, the reason comes along.
fn hold(host: &Host, port: u16, most: usize) -> (Vec<TcpStream>, Option<String>) {
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string();
    let mut held = Vec::new();
    while held.len() < most {
        let stream = host.world.connect_from("door", HELD_FROM, &to).and_then(|mut stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.read_exact(&mut [0; 3])?;
            Ok(stream)
        });
        match stream {
            Ok(stream) => held.push(stream),
            Err(error) => {
                let fitted = held.len();
                return (held, Some(format!("{fitted} sessions fit, then: {error}")));
            }
        }
        if held.len().is_multiple_of(2000) {
            progress(&format!("{} sessions held", held.len()));
        }
    }
    (held, None)
}
