//! Feeds a target with mutations, in this process: panics are caught, time is measured.

use crate::minimise::minimise;
use crate::mutate::mutate;
use crate::random::Random;
use crate::targets::Target;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Processor time any input may take, in a program built for this. It is far above what any needs:
/// what is looked for is work that grows faster than the text.
const AT_LEAST: Duration = Duration::from_secs(1);

/// Processor time a byte may take beyond that.
const EACH_BYTE: Duration = Duration::from_micros(60);

/// Inputs of a new kind that are kept to go on from.
const KEPT: usize = 4096;

/// Length of an input that is a long one: few are tried, and none is gone on from.
const LONG: usize = 4 << 10;

/// Tries to make one finding smaller.
const MINIMISING: usize = 3000;

/// An input of which something does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The input, as small as it was made.
    pub input: Vec<u8>,
    /// What does not hold.
    pub why: String,
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Inputs given.
    pub inputs: u64,
    /// Inputs that were kept because they led to something new.
    pub kinds: usize,
    /// What was found, one for each reason.
    pub findings: Vec<Finding>,
}

/// A run over one target.
#[derive(Debug)]
pub struct Engine<'t> {
    target: &'t Target,
    random: Random,
    words: Vec<String>,
    pool: Vec<Vec<u8>>,
    kinds: HashSet<u64>,
    reasons: HashSet<String>,
    run: Run,
}

impl<'t> Engine<'t> {
    /// A run that does the same for the same seed and the same program.
    #[must_use]
    pub fn new(target: &'t Target, seed: u64) -> Self {
        Self {
            target,
            random: Random::new(seed),
            words: (target.words)(),
            pool: Vec::new(),
            kinds: HashSet::new(),
            reasons: HashSet::new(),
            run: Run::default(),
        }
    }

    /// Gives the target its seeds, then mutations until `enough` says so; `before` is shown each
    /// input first.
    ///
    /// # Panics
    /// Never by what the target does.
    pub fn go(mut self, mut before: impl FnMut(&[u8]), enough: impl Fn(&Run) -> bool) -> Run {
        let mut seeds = (self.target.seeds)();
        seeds.push(Vec::new());
        for seed in seeds {
            before(&seed);
            self.give(seed);
        }
        while !enough(&self.run) {
            let input = self.mutation();
            before(&input);
            self.give(input);
        }
        self.run.kinds = self.pool.len();
        self.run
    }

    fn mutation(&mut self) -> Vec<u8> {
        let [at, other] = [self.pool.len(); 2].map(|count| self.random.below(count));
        let [base, other] = [at, other].map(|at| self.pool.get(at).map_or(&[][..], Vec::as_slice));
        let long = self.random.below(32) == 0;
        let longest = if long { self.target.longest } else { LONG.min(self.target.longest) };
        mutate(&mut self.random, base, other, &self.words, longest)
    }

    fn give(&mut self, input: Vec<u8>) {
        self.run.inputs += 1;
        match judge(self.target, &input) {
            Ok(kind) => {
                let fits = input.len() <= LONG && self.pool.len() < KEPT;
                if self.kinds.insert(kind) && fits {
                    self.pool.push(input);
                }
            }
            Err(why) if self.reasons.insert(reason(&why)) => {
                let same = |smaller: &[u8]| {
                    judge(self.target, smaller).is_err_and(|other| reason(&other) == reason(&why))
                };
                let input = minimise(&input, MINIMISING, same);
                let why = judge(self.target, &input).err().unwrap_or(why);
                self.run.findings.push(Finding { input, why });
            }
            Err(_) => {}
        }
    }
}

/// The first words of a finding: what it has in common with others of its kind.
fn reason(why: &str) -> String {
    let letter = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let words = why.split(['`', '"', '\n']).next().unwrap_or_default();
    words.chars().take(60).map(letter).collect()
}

/// Gives a target one input and says what does not hold: a panic and too much time included.
///
/// # Errors
/// What does not hold.
pub fn judge(target: &Target, input: &[u8]) -> Result<u64, String> {
    quiet();
    let start = processor_time();
    JUDGING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
    JUDGING.set(false);
    let spent = processor_time().saturating_sub(start);
    let length = u32::try_from(input.len()).unwrap_or(u32::MAX);
    let allowed = AT_LEAST + EACH_BYTE.saturating_mul(length);
    match outcome {
        Err(_) => Err(format!("panic: {}", PANIC.take())),
        Ok(Ok(_)) if spent > allowed => {
            Err(format!("slow: {} ms for {length} bytes", spent.as_millis()))
        }
        Ok(outcome) => outcome,
    }
}

thread_local! {
    /// What the last panic of this thread said, and where.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
    /// Whether a target is at work: a panic is then its own.
    static JUDGING: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics of targets for the report instead of printing each.
fn quiet() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !JUDGING.get() {
                return usual(info);
            }
            let place = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
            let said = info.payload_as_str().unwrap_or("?");
            PANIC.set(format!("{said} at {}", place.unwrap_or_default()));
        }));
    });
}

fn processor_time() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(spent).unwrap_or_default()
}
