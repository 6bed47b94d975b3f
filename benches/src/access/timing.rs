//! How long decisions take: nanoseconds of the thread's processor time, so that whoever else is on
//! the machine counts as little as can be.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Failure;
use crate::client::count;
use crate::figures::Figures;
use crate::print::{Table, progress};

/// What one measurement gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) decisions: u64,
    pub(crate) refused: u64,
    /// Nanoseconds for all of them.
    pub(crate) spent: u64,
}

/// Somebody who decides.
pub(crate) struct Decider<'a> {
    pub(crate) name: &'static str,
    /// Decides for about so long.
    pub(crate) run: Box<dyn FnMut(Duration) -> Result<Sample, Failure> + 'a>,
}

impl<'a> Decider<'a> {
    /// One in this process: whether it refuses a peer, asked so often between two looks at the
    /// clock.
    pub(crate) fn here<P>(
        name: &'static str,
        peers: &'a [P],
        batch: usize,
        mut refuses: impl FnMut(&P) -> bool + 'a,
    ) -> Self {
        let mut next = peers.iter().cycle();
        let run = move |time: Duration| {
            let start = now();
            let mut sample = Sample { decisions: 0, refused: 0, spent: 0 };
            while u128::from(sample.spent) < time.as_nanos() {
                for peer in next.by_ref().take(batch) {
                    sample.refused += u64::from(std::hint::black_box(refuses(peer)));
                    sample.decisions += 1;
                }
                sample.spent = now() - start;
            }
            Ok(sample)
        };
        Self { name, run: Box::new(run) }
    }
}

/// Nanoseconds of processor time that this thread has had.
pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// What each of some deciders did.
#[derive(Debug, Default)]
struct Series {
    each: Figures,
    decisions: u64,
    refused: u64,
}

/// Measures them in turn; the first is the 1.00 of the ratios.
pub(crate) fn compare(
    table: &mut Table,
    deciders: &mut [Decider<'_>],
    size: u32,
    (time, rounds): (Duration, u32),
) -> Result<(), Failure> {
    let mut series: Vec<Series> = deciders.iter().map(|_| Series::default()).collect();
    // the first round warms caches and is not counted
    for round in 0..=rounds {
        progress(&format!("{size} entries, round {round}"));
        for (decider, series) in deciders.iter_mut().zip(&mut series) {
            let sample = (decider.run)(time)?;
            if round > 0 {
                series.each.add(count(sample.spent) / count(sample.decisions));
            }
            series.decisions += sample.decisions;
            series.refused += sample.refused;
        }
    }
    let Some(first) = series.first().map(|first| first.each.clone()) else { return Ok(()) };
    for (decider, series) in deciders.iter().zip(&series) {
        table.row(vec![
            decider.name.to_owned(),
            size.to_string(),
            nanoseconds(series.each.median()),
            nanoseconds(series.each.least()),
            nanoseconds(series.each.most()),
            ratio(series.each.against(&first).median()),
            format!("{:.0}", count(series.refused) * 100.0 / count(series.decisions.max(1))),
        ]);
    }
    Ok(())
}

/// The headings of such a table.
pub(crate) const HEADINGS: [&str; 7] =
    ["", "entries", "ns", "min", "max", "times the first", "% refused"];

fn nanoseconds(number: f64) -> String {
    if number < 1000.0 { format!("{number:.1}") } else { format!("{number:.0}") }
}

fn ratio(number: f64) -> String {
    if number < 100.0 { format!("{number:.2}") } else { format!("{number:.0}") }
}
