//! The command line.

use std::ffi::OsString;
use std::time::Duration;

use crate::contestant::Job;
use crate::host::Host;
use crate::{
    Failure, access, bans, built, calls, descriptors, detect, idle, judge, logs, loops, machine,
    nftables, print, rates, services,
};

/// How to use it.
const USAGE: &str = "\
usage: cargo run --release -p portreeve-benches -- [MODE] [OPTION…]

modes: served, refused, bans, nftables, descriptors, calls, idle, access, logs, services,
       detect, judge, all

  --seconds N          length of one measurement (2)
  --rounds N           measurements of each, in turn; the median counts (5)
  --concurrency A,B    connections at a time (1,8,64; refused, bans and descriptors: 8);
                       for `services` how many there are (1000)
  --held N             idle sessions for `descriptors` (10000)
  --only WORD,WORD     those whose name holds one of the words, and the reference
  --cut                `logs`, `services`, `nftables`: little and short, to see that they
                       work; it fails when ours cannot be measured, whatever the figures are
";

/// How long a measurement is that only has to be one.
const SHORT: Duration = Duration::from_millis(100);

/// What to measure and how.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Length of one measurement.
    pub(crate) time: Duration,
    /// Measurements of each contestant.
    pub(crate) rounds: u32,
    /// Connections at a time; empty for each benchmark's own.
    pub(crate) concurrency: Vec<usize>,
    /// Idle sessions.
    pub(crate) held: usize,
    /// Parts of names; empty for everybody.
    pub(crate) only: Vec<String>,
    /// Just enough to see that it works.
    pub(crate) cut: bool,
}

impl Options {
    /// The levels asked for, or these.
    pub(crate) fn concurrency_or(&self, own: &[usize]) -> Vec<usize> {
        if self.concurrency.is_empty() { own.to_vec() } else { self.concurrency.clone() }
    }

    /// Fails where ours was not measured and that was all there was to see.
    ///
    /// # Errors
    /// Why it was not.
    pub(crate) fn demand(&self, name: &str, why: Option<&Failure>) -> Result<(), Failure> {
        match why {
            Some(why) if self.cut && name.starts_with("portreeve") => Err(format!("{name}: {why}")),
            _ => Ok(()),
        }
    }

    /// Whether a contestant takes part.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word))
    }
}

/// Which benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Served,
    Refused,
    Bans,
    Nftables,
    Descriptors,
    Calls,
    Idle,
    Access,
    Logs,
    Services,
    Detect,
    Judge,
    All,
}

/// Does what the command line says.
pub(crate) fn run(words: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(("loop", rest)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return loops::run(rest);
    }
    if words.iter().any(|word| word == "--help" || word == "-h") {
        print::text(USAGE);
        return Ok(());
    }
    if let [first, preset, sources] = words.as_slice()
        && first == judge::CASE
    {
        return judge::case(preset, number(sources)?);
    }
    let (mode, options) = parse(&words).map_err(|why| format!("{why}\n{USAGE}"))?;
    if mode != Mode::Judge {
        built::build()?;
    }
    machine::describe(&options);
    if let Some(done) = hostless(mode, &options) {
        return done;
    }
    hosted(mode, &options)
}

/// Those that need no host; the first, the second and the last need no root either.
fn hostless(mode: Mode, options: &Options) -> Option<Result<(), Failure>> {
    match mode {
        Mode::Access => Some(access::run(options)),
        Mode::Logs => Some(logs::run(options)),
        Mode::Services => Some(services::run(options)),
        Mode::Detect => Some(detect::run(options)),
        Mode::Judge => Some(judge::run(options)),
        Mode::Served
        | Mode::Refused
        | Mode::Bans
        | Mode::Nftables
        | Mode::Descriptors
        | Mode::Calls
        | Mode::Idle
        | Mode::All => None,
    }
}

fn hosted(mode: Mode, options: &Options) -> Result<(), Failure> {
    let host = Host::new()?;
    let wanted = |one| mode == one || mode == Mode::All;
    if wanted(Mode::Idle) {
        idle::run(&host, options)?;
    }
    if wanted(Mode::Served) {
        rates::run(&host, options, Job::Serve, &[1, 8, 64])?;
    }
    if wanted(Mode::Refused) {
        rates::run(&host, options, Job::Refuse, &[8])?;
    }
    if wanted(Mode::Bans) {
        bans::run(&host, options)?;
    }
    if wanted(Mode::Nftables) {
        nftables::run(&host, options)?;
    }
    if wanted(Mode::Descriptors) {
        descriptors::run(&host, options)?;
    }
    if wanted(Mode::Calls) {
        calls::run(&host, options)?;
    }
    if mode == Mode::All {
        access::run(options)?;
        logs::run(options)?;
        services::run(&Options { concurrency: Vec::new(), ..options.clone() })?;
        detect::run(options)?;
        judge::run(options)?;
    }
    Ok(())
}

fn parse(words: &[String]) -> Result<(Mode, Options), Failure> {
    let mut options = Options {
        time: Duration::from_secs(2),
        rounds: 5,
        concurrency: Vec::new(),
        held: 10_000,
        only: Vec::new(),
        cut: false,
    };
    let mut mode = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value"));
        match word.as_str() {
            "--seconds" => options.time = seconds(value()?)?,
            "--rounds" => options.rounds = number(value()?)?,
            "--concurrency" => {
                options.concurrency = value()?.split(',').map(number).collect::<Result<_, _>>()?;
            }
            "--cut" => {
                options.cut = true;
                (options.time, options.rounds) = (SHORT, 1);
            }
            "--held" => options.held = number(value()?)?,
            "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
            _ if mode.is_none() => mode = Some(named(word)?),
            _ => return Err(format!("`{word}` is not understood here")),
        }
    }
    Ok((mode.unwrap_or(Mode::All), options))
}

fn named(word: &str) -> Result<Mode, Failure> {
    match word {
        "served" => Ok(Mode::Served),
        "refused" => Ok(Mode::Refused),
        "bans" => Ok(Mode::Bans),
        "nftables" => Ok(Mode::Nftables),
        "descriptors" => Ok(Mode::Descriptors),
        "calls" => Ok(Mode::Calls),
        "idle" => Ok(Mode::Idle),
        "access" => Ok(Mode::Access),
        "logs" => Ok(Mode::Logs),
        "services" => Ok(Mode::Services),
        "detect" => Ok(Mode::Detect),
        "judge" => Ok(Mode::Judge),
        "all" => Ok(Mode::All),
        _ => Err(format!("there is no benchmark `{word}`")),
    }
}

fn seconds(word: &String) -> Result<Duration, Failure> {
    let seconds: f64 = word.parse().map_err(|_| format!("`{word}` is no number of seconds"))?;
    if !(0.1..=60.0).contains(&seconds) {
        return Err("a measurement takes 0.1 to 60 seconds".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

fn number<T: TryFrom<u32>>(word: impl AsRef<str>) -> Result<T, Failure> {
    let word = word.as_ref();
    let positive = word.parse().ok().filter(|number: &u32| (1..=20_000).contains(number));
    let fitting = positive.and_then(|number| T::try_from(number).ok());
    fitting.ok_or_else(|| format!("`{word}` is no number from 1 to 20000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<(Mode, Options), Failure> {
        parse(&words.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn modes_and_options_in_any_order_and_nothing_else() {
        let (mode, options) = read("--concurrency 1,64 served --seconds 0.5 --only a,b").unwrap();
        assert_eq!((mode, options.time), (Mode::Served, Duration::from_millis(500)));
        assert_eq!(options.concurrency_or(&[8]), [1, 64]);
        assert!(options.wants("tab") && !options.wants("tcpserver"));
        let (mode, options) = read("logs --cut").unwrap();
        assert_eq!((mode, options.rounds, options.cut), (Mode::Logs, 1, true));
        let why = "no such file".to_owned();
        assert!(options.demand("portreeve-tools multilog", Some(&why)).is_err());
        assert!(options.demand("portreeve-tools multilog", None).is_ok());
        assert!(options.demand("svlogd", Some(&why)).is_ok());
        assert_eq!(read("").unwrap().0, Mode::All);
        for bad in ["nothing", "--seconds", "--seconds 0", "--rounds 0", "served refused"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
