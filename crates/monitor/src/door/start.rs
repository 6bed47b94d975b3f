//! From the command line to the open door.

use crate::accept::delayed::Tarpit;
use crate::accept::farewell::Farewells;
use crate::accept::gather::Gather;
use crate::accept::listeners::Listeners;
use crate::accept::pending::Waiting;
use crate::args::{Args, Command, USAGE, parse};
use crate::ban::Judging;
use crate::ban::unstored::Unstored;
use crate::configuration::compiler::{self, Job, Progress};
use crate::configuration::trial::Trials;
use crate::control::Clients;
use crate::door::closing::Closing;
use crate::door::current::Current;
use crate::door::dice::Dice;
use crate::door::failed::{Failed, system};
use crate::door::manager::Manager;
use crate::door::paths::Paths;
use crate::door::places::{handed_over, take_places};
use crate::door::plan::Inherited;
use crate::door::tally::Tally;
use crate::door::token::Token;
use crate::door::{Door, LoadReading, Now, Stage};
use crate::enforce::Enforcers;
use crate::errand::Jobs;
use crate::errand::tell::Teller;
use crate::helper::outbox::Outbox;
use crate::helper::{HelperProcess, Outputs};
use crate::session::Sessions;
use crate::session::evidence::Handover;
use crate::session::pings::Pings;
use crate::sources::Sources;
use crate::sources::images::{self, Held};
use crate::succession::Started;
use crate::succession::estate::{self, Configuration, Estate};
use crate::succession::inherit::{self, UNREAD};
use crate::succession::legacy::{self, Legacy, Way};
use crate::succession::rehearsal;
use portreeve_policy::State;
use portreeve_sys::inheritance::Inheritance;
use portreeve_sys::limits::{self, Limit};
use portreeve_sys::poll::{Interest, Poller};
use portreeve_sys::signals::{self, Signals};
use portreeve_sys::spawn::{self, Spawner};
use portreeve_sys::{Resource, Signal, descriptor, file, privileges};
use portreeve_wire::clerk::BookedCounts;
use portreeve_wire::compile::Answer;
use portreeve_wire::event::{Helper, What};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The signals that are read as events.
const SIGNALS: [Signal; 6] =
    [Signal::Hup, Signal::Usr1, Signal::Usr2, Signal::Term, Signal::Int, Signal::Child];
/// Starts under way at once.
const SPAWN_SLOTS: usize = 256;
/// Bans in force at once.
const MOST_BANS: usize = 1_000_000;
/// The ledger has so long to answer before the door opens without the bans of before.
const BANS_WITHIN: Duration = Duration::from_secs(10);

/// Runs the daemon.
pub(crate) fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let own = words.next().unwrap_or_default();
    if own == spawn::HELPER_NAME {
        return spawn::exec_helper_main();
    }
    let failed = match parse(words) {
        Ok(Command::Run(args)) => match run(args, own) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(failed) => failed,
        },
        Ok(Command::Try(args)) => match try_estate(&args) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(failed) => failed,
        },
        Ok(Command::Version) => {
            say_out(&format!("portreeved {}\n", env!("CARGO_PKG_VERSION")));
            return ExitCode::SUCCESS;
        }
        Ok(Command::Help) => {
            say_out(USAGE);
            return ExitCode::SUCCESS;
        }
        Err(why) => Failed::Usage(format!("{why}\n{USAGE}")),
    };
    let code = failed.code();
    match failed {
        Failed::Usage(text) | Failed::Configuration(text) | Failed::System(text) => {
            say(&format!("portreeved: {}\n", text.trim_end()));
        }
    }
    ExitCode::from(code)
}

/// To standard error; a closed one is no reason to stop.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn say_out(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn run(args: Args, own: OsString) -> Result<(), Failed> {
    let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let all = Inheritance::take().map_err(system("look at inherited descriptors"))?;
    let legacy = Legacy::find(all, &environment);
    let inherited = prepare_process(&environment, legacy.way)?;
    let executable = std::env::current_exe().map_err(system("find my own program"))?;
    let program = own_path(&own, &executable);
    let rest = std::env::args_os().skip(1);
    let args_os = std::iter::once(own).chain(rest).collect();
    let started = Started { program, args: args_os, environment };
    let mut door = assemble(args, inherited, started, &executable, legacy)?;
    door.run().map_err(system("wait for events"))
}

/// The path by which this program was called, if it is a path and leads to it: what is put there
/// later is the next version.
fn own_path(called: &OsStr, executable: &Path) -> PathBuf {
    let path = Path::new(called);
    let same = |path: &Path| fs::canonicalize(path).is_ok_and(|found| found == executable);
    match std::path::absolute(path) {
        Ok(whole) if path.components().count() > 1 && same(&whole) => whole,
        Ok(_) | Err(_) => executable.to_owned(),
    }
}

/// What a predecessor asks before it makes way: whether its estate can be taken over.
fn try_estate(args: &Args) -> Result<(), Failed> {
    let bytes =
        file::read_memfd(std::io::stdin(), estate::MAX).map_err(system("read an estate"))?;
    let read = Estate::read(&bytes).map_err(Failed::System)?;
    if read.estate.configuration.is_none() {
        // then the one on disk has to do
        signals::normalise().map_err(system("reset signals"))?;
        let executable = std::env::current_exe().map_err(system("find my own program"))?;
        let paths = Paths::new(args.root.as_ref(), &executable);
        let mut spawner =
            Spawner::new(SPAWN_SLOTS).map_err(system("prepare for starting programs"))?;
        first_load(args, &paths, privileges::is_root(), &mut spawner, &outputs()?)?;
    }
    say_out(&format!("{} portreeved {}\n", rehearsal::FIT, env!("CARGO_PKG_VERSION")));
    Ok(())
}

/// The process itself: limits, signals, environment.
fn prepare_process(environment: &[(OsString, OsString)], way: Way) -> Result<Inherited, Failed> {
    // over an exec they wait, blocked, to be read
    let waiting: &[Signal] = if way == Way::Exec { &SIGNALS } else { &[] };
    signals::normalise_but(waiting).map_err(system("reset signals"))?;
    let files = limits::get(Resource::OpenFiles);
    let raised = Limit { soft: files.hard, hard: files.hard };
    // the ancestor raises it too, and services inherit it
    let _ = limits::set(Resource::OpenFiles, raised);
    let own = environment.iter().filter(|(name, _)| !legacy::is_private(name));
    Ok(Inherited { environment: own.cloned().collect(), umask: privileges::umask() })
}

#[expect(clippy::too_many_lines, reason = "a line for each thing that the door holds")]
fn assemble(
    args: Args,
    inherited: Inherited,
    started: Started,
    executable: &Path,
    mut legacy: Legacy,
) -> Result<Door, Failed> {
    let now = Now::read();
    let paths = Paths::new(args.root.as_ref(), executable);
    let root = privileges::is_root();
    let outputs = outputs()?;
    let mut spawner = Spawner::new(SPAWN_SLOTS).map_err(system("prepare for starting programs"))?;
    let (Configuration { config, resolved }, held, unread) =
        configuration(&args, &paths, root, &mut spawner, &outputs, &mut legacy)?;
    if legacy.way == Way::None
        && let Some(handed) = handed_over(&paths, &args)?
    {
        let sockets = std::mem::take(&mut legacy.sockets);
        legacy = handed;
        legacy.sockets.extend(sockets);
    }
    let (lock, control) = match (legacy.take("lock"), legacy.take("control")) {
        (Some(lock), Some(control)) => (File::from(lock), control),
        _ => take_places(&paths, &resolved)?,
    };
    let (poller, signals) = watched(&control)?;
    let services = u32::try_from(config.services.len()).unwrap_or(u32::MAX);
    let head = &legacy.estate.head;
    let generation = head.generation.saturating_add(1);
    let opened = if legacy.way == Way::Exec { head.opened } else { now.mono };
    let (config, resolved) = (Arc::new(config), Arc::new(resolved));
    let current = Arc::new(Current::new(config, resolved, held, &inherited, generation));
    let mut state = State::new(current.config.settings.max_sessions, MOST_BANS);
    let (manager, deaf) = Manager::new(&started.environment, now.mono);
    let places = inherit::counters(&mut state, &legacy);
    state.adopt(&current.tables);
    let mut door = Door {
        args,
        paths,
        root,
        inherited,
        outputs,
        now,
        opened,
        stage: Stage::Waiting(now.mono.saturating_add(BANS_WITHIN)),
        poller,
        signals,
        spawner,
        current,
        state,
        dice: Dice::new(),
        load: LoadReading::default(),
        listeners: Listeners::default(),
        scarce: None,
        sessions: Sessions::default(),
        jobs: Jobs::default(),
        teller: Teller::default(),
        waiting: Waiting::default(),
        farewells: Farewells::default(),
        tarpit: Tarpit::default(),
        diag: None,
        clerk: HelperProcess::new(Helper::Clerk, Token::Clerk.bits()),
        relay: HelperProcess::new(Helper::Relay, Token::Relay.bits()),
        pings: Pings::default(),
        outbox: Outbox::default(),
        unstored: Unstored::default(),
        enforcers: Enforcers::default(),
        judging: Judging::default(),
        handover: Handover::default(),
        control,
        clients: Clients::default(),
        control_again: None,
        lock,
        compile: None,
        reload_again: None,
        resolve_at: None,
        gather: Gather::default(),
        tally: Tally::default(),
        crier: Default::default(),
        alarms: BTreeSet::new(),
        list_health: Default::default(),
        clerk_alarms: BTreeSet::new(),
        booked: BookedCounts::default(),
        bans_known: false,
        closing: Closing::default(),
        handed_over: false,
        manager,
        packet: Vec::new(),
        trials: Trials::default(),
        started,
        began: now.mono,
        upgrade: None,
        retired: BTreeMap::new(),
        undecided: Vec::new(),
        sources: Sources::default(),
        watched: crate::watched::Watched::default(),
        kept: Default::default(),
        unread: unread == Unread::NotYet,
    };
    deaf.into_iter().for_each(|alarm| door.alarm(&alarm));
    door.set_helper_programs();
    door.follow_enforcers();
    let way = legacy.way;
    door.inherit(legacy, places);
    if way != Way::Exec {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        door.event(What::DoorOpened { version, pid: std::process::id(), services });
    }
    door.tell_problems(None);
    door.follow_kept(None);
    door.begin_sources();
    door.follow_watches();
    match unread {
        Unread::No => {}
        Unread::NotYet => door.ask_reload(None),
        Unread::Refused => door.alarm(UNREAD),
    }
    if door.bans_known {
        door.open();
    }
    door.look_for_idle_times();
    // the compiler may have ended before ends were watched for
    door.reap();
    Ok(door)
}

/// How far the configuration on disk is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    /// It is in force.
    No,
    /// A predecessor's is, and that on disk is read next.
    NotYet,
    /// A predecessor's is, since that on disk was refused.
    Refused,
}

/// The configuration to begin with. Over an exec nobody is let in until there is one, so that is the
/// predecessor's, and the one on disk is read beside the work.
fn configuration(
    args: &Args,
    paths: &Paths,
    root: bool,
    spawner: &mut Spawner,
    outputs: &Outputs,
    legacy: &mut Legacy,
) -> Result<(Configuration, Vec<Held>, Unread), Failed> {
    let old = legacy.estate.configuration.take();
    let old = old.map(|old| {
        let held = legacy.held(&old.config);
        (old, held)
    });
    match (legacy.way, old) {
        (Way::Exec, Some((old, held))) => Ok((old, held, Unread::NotYet)),
        (_, old) => match (first_load(args, paths, root, spawner, outputs), old) {
            (Ok((read, held)), _) => Ok((read, held, Unread::No)),
            (Err(Failed::Configuration(why) | Failed::System(why)), Some((old, held))) => {
                say(&format!("portreeved: {why}\n"));
                Ok((old, held, Unread::Refused))
            }
            (Err(failed), _) => Err(failed),
        },
    }
}

fn outputs() -> Result<Outputs, Failed> {
    let null = File::options().read(true).write(true).open("/dev/null");
    let null = null.map(OwnedFd::from).and_then(descriptor::raise);
    let stderr = std::io::stderr().as_fd().try_clone_to_owned().and_then(descriptor::raise);
    Ok(Outputs {
        null: Arc::new(null.map_err(system("open /dev/null"))?),
        stderr: Arc::new(stderr.map_err(system("keep standard error"))?),
    })
}

fn watched(control: &OwnedFd) -> Result<(Poller, Signals), Failed> {
    let signals = Signals::new(&SIGNALS).map_err(system("take signals"))?;
    let poller = Poller::new().map_err(system("make an epoll"))?;
    let watch = system("watch a descriptor");
    poller.add(&signals, Token::Signals.bits(), Interest::READ).map_err(&watch)?;
    poller.add(control, Token::Control.bits(), Interest::READ).map_err(&watch)?;
    Ok((poller, signals))
}

/// Reads the configuration before anything on the host is touched; an error refuses to open.
fn first_load(
    args: &Args,
    paths: &Paths,
    root: bool,
    spawner: &mut Spawner,
    outputs: &Outputs,
) -> Result<(Configuration, Vec<Held>), Failed> {
    let broken = |why: String| Failed::System(format!("the configuration cannot be read: {why}"));
    let start = Now::read();
    let job = Job::Load(&args.entry);
    let mut run =
        compiler::start(job, paths, root, spawner, outputs, start.mono).map_err(broken)?;
    let mut poller = Poller::new().map_err(system("make an epoll"))?;
    poller.add(&run.pipe, 0, Interest::READ).map_err(system("watch a pipe"))?;
    let mut events = Vec::new();
    let (answer, read) = loop {
        match run.read() {
            Progress::Done(answer, read) => break (answer, read),
            Progress::Failed(why) => {
                let started = spawner.collect(Now::read().mono);
                let why = match started.iter().find(|o| o.pid == run.pid).map(|o| o.result) {
                    Some(spawn::Started::Failed { step, errno }) => format!(
                        "cannot {step}: `{}`: {}",
                        paths.program("portreeve-compile").display(),
                        std::io::Error::from_raw_os_error(errno)
                    ),
                    _ => why,
                };
                return Err(broken(why));
            }
            Progress::More => {
                let now = Now::read().mono;
                if now >= run.deadline {
                    run.kill();
                    return Err(broken("no answer in time (user look-ups may hang)".into()));
                }
                spawner.collect(now);
                let slice = Duration::from_millis(100);
                poller.wait(&mut events, Some(slice)).map_err(system("wait"))?;
            }
        }
    };
    match *answer {
        Answer::Compiled { config, resolved, findings, .. } => {
            say(&findings);
            // what changed after that may have been read before
            let held = images::all(&config.sources, read, start.unix()).map_err(broken)?;
            match resolved.problems.as_slice() {
                _ if !resolved.is_of(&config) => {
                    Err(broken("the compiler contradicts itself".into()))
                }
                [] => Ok((Configuration { config: *config, resolved: *resolved }, held)),
                problems => Err(Failed::Configuration(problems.join("\nportreeved: "))),
            }
        }
        Answer::Refused { findings, errors } => {
            let count = if errors == 1 { "1 error".to_owned() } else { format!("{errors} errors") };
            say(&format!("{}\n\n", findings.trim_end()));
            Err(Failed::Configuration(format!("{count}: the door stays closed")))
        }
        Answer::Resolved(_) | Answer::Sources { .. } => {
            Err(broken("the compiler answered another question".into()))
        }
    }
}
