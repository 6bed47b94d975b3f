//! The clients: connect, read to the end, close; so many at a time, for so long.

use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, Scope};
use std::time::{Duration, Instant};

use portreeve_testkit::World;

use crate::contestant::Job;

/// What the service says.
const WORDS: &[u8] = b"ok\n";

/// Longest wait for an answer. Nothing here takes a thousandth of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client needs little.
const STACK: usize = 64 * 1024;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// After this time.
    Time(Duration),
    /// After so many connections.
    Count(u64),
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Connections that ended as they should.
    pub(crate) done: u64,
    /// Others.
    pub(crate) failed: u64,
    /// What happened to the first of the others.
    pub(crate) failure: Option<String>,
    /// From the first connect to the last end.
    pub(crate) seconds: f64,
}

impl Outcome {
    /// Connections a second that ended as they should.
    pub(crate) fn rate(&self) -> f64 {
        if self.seconds > 0.0 { count(self.done) / self.seconds } else { 0.0 }
    }
}

/// Counts here are far below 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "connections of seconds, not of ages")]
pub(crate) fn count(number: u64) -> f64 {
    number as f64
}

/// Runs `concurrency` clients against a port of the private host's loopback address.
pub(crate) fn load(
    world: &World,
    port: u16,
    job: Job,
    concurrency: usize,
    until: Until,
) -> Outcome {
    let shared = Shared::new(port, job, until);
    let elapsed = world.within("door", || {
        let start = Instant::now();
        let shared = &shared;
        std::thread::scope(|scope| {
            for _ in 0..concurrency {
                client(scope, move || shared.work(start));
            }
        });
        start.elapsed()
    });
    Outcome {
        done: shared.done.load(Ordering::Relaxed),
        failed: shared.failed.load(Ordering::Relaxed),
        failure: shared.failure.into_inner().unwrap_or_else(PoisonError::into_inner),
        seconds: elapsed.as_secs_f64(),
    }
}

fn client<'s>(scope: &'s Scope<'s, '_>, work: impl FnOnce() + Send + 's) {
    // Fewer clients than asked for would be a false figure, so a failure here ends the benchmark.
    let started = Builder::new().stack_size(STACK).spawn_scoped(scope, work);
    assert!(started.is_ok(), "start a client: {started:?}");
}

struct Shared {
    address: SocketAddr,
    job: Job,
    until: Until,
    begun: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    failure: Mutex<Option<String>>,
}

impl Shared {
    fn new(port: u16, job: Job, until: Until) -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            job,
            until,
            begun: AtomicU64::new(0),
            done: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            failure: Mutex::new(None),
        }
    }

    fn goes_on(&self, start: Instant) -> bool {
        match self.until {
            Until::Time(time) => start.elapsed() < time,
            Until::Count(most) => self.begun.fetch_add(1, Ordering::Relaxed) < most,
        }
    }

    /// One client's life. Counts are its own until the end: nobody waits for a cache line.
    fn work(&self, start: Instant) {
        let (mut done, mut failed) = (0, 0);
        while self.goes_on(start) {
            match once(self.address, self.job) {
                Ok(()) => done += 1,
                Err(why) => {
                    failed += 1;
                    let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                    first.get_or_insert(why);
                }
            }
        }
        self.done.fetch_add(done, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
    }
}

/// One connection, which must end as the job says: anything else is not counted.
pub(crate) fn once(address: SocketAddr, job: Job) -> Result<(), String> {
    let (words, end) = conversation(address).map_err(|error| format!("connect: {error}"))?;
    match (job, words.as_slice(), end) {
        (Job::Serve, WORDS, Ok(())) | (Job::Refuse, [], Ok(())) => Ok(()),
        // A door that closes while we still wait to be let in may reset.
        (Job::Refuse, [], Err(ErrorKind::ConnectionReset)) => Ok(()),
        (_, words, end) => {
            Err(format!("it said {:?}, then {end:?}", words.escape_ascii().to_string()))
        }
    }
}

fn conversation(address: SocketAddr) -> io::Result<(Vec<u8>, Result<(), ErrorKind>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut words, mut buffer) = (Vec::new(), [0; 64]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok((words, Ok(()))),
            Ok(read) if words.len() < 1024 => {
                words.extend_from_slice(buffer.get(..read).unwrap_or_default());
            }
            Ok(_) => return Ok((words, Err(ErrorKind::FileTooLarge))),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Ok((words, Err(error.kind()))),
        }
    }
}
