//! Supervisors: so many services from none to all running, what they cost while nothing happens, and
//! how soon one that is killed runs again; against a loop that does nothing but start.

mod contestants;
mod running;

use std::thread::sleep;
use std::time::Duration;

use portreeve_testkit::Dir;

use crate::Failure;
use crate::args::Options;
use crate::figures::Figures;
use crate::print::{Table, line, progress};
use contestants::SUPERVISORS;
use running::{Folders, Running};

/// How much is done to one supervisor.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// How many services, where it is not said.
    services: [usize; 1],
    /// How long they run first: to many a death counts as young for a second.
    settling: Duration,
    /// How long nothing happens.
    idle: Duration,
    /// How many are killed, one after the other.
    killed: usize,
}

const WHOLE: Extent = Extent {
    services: [1000],
    settling: Duration::from_secs(3),
    idle: Duration::from_secs(5),
    killed: 15,
};

const CUT: Extent = Extent {
    services: [20],
    settling: Duration::from_millis(1500),
    idle: Duration::from_millis(500),
    killed: 3,
};

/// What one supervisor does.
#[derive(Debug, Default)]
struct Series {
    up: Figures,
    again: Figures,
    busy: Figures,
    wakes: Figures,
    private: Figures,
    processes: usize,
}

/// Measures all of them, for each number of services (`--concurrency`).
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let extent = if options.cut { CUT } else { WHOLE };
    for (place, memory) in [("in memory", true), ("on the disk", false)] {
        for count in options.concurrency_or(&extent.services) {
            measure(options, extent, (place, memory), count)?;
        }
    }
    Ok(())
}

fn measure(
    options: &Options,
    extent: Extent,
    (place, memory): (&str, bool),
    count: usize,
) -> Result<(), Failure> {
    let first = SUPERVISORS[0].name;
    let wanted = SUPERVISORS.iter().filter(|one| one.name == first || options.wants(one.name));
    let mut all: Vec<_> = wanted.map(|one| (one, Series::default(), None)).collect();
    for round in 1..=options.rounds {
        for (supervisor, series, why) in &mut all {
            if why.is_some() {
                continue;
            }
            progress(&format!("{count} services {place}, round {round}: {}", supervisor.name));
            let dir = if memory { Dir::in_memory() } else { Dir::new() };
            if count > supervisor.most {
                *why = Some(format!("it takes {} services at most", supervisor.most));
            } else if let Err(failure) = once(supervisor, extent, series, (dir.path(), count)) {
                *why = Some(failure);
            }
        }
    }
    print(&all, place, count);
    all.iter().try_for_each(|(supervisor, _, why)| options.demand(supervisor.name, why.as_ref()))
}

/// One start, one while, and some deaths.
fn once(
    supervisor: &contestants::Supervisor,
    extent: Extent,
    series: &mut Series,
    (dir, count): (&std::path::Path, usize),
) -> Result<(), Failure> {
    let folders = Folders::make(dir, count)?;
    let mut running = Running::start(supervisor, &folders)?;
    series.up.add(running.all_up(&folders)?);
    sleep(extent.settling);
    let family = running.family();
    series.processes = family.len();
    let idle = running::idle(&family, extent.idle);
    series.busy.add(idle.busy);
    series.wakes.add(idle.wakes);
    series.private.add(running::private(&family) / running::real(count));
    let killed = extent.killed.min(count);
    for number in 0..killed {
        series.again.add(running.again(number * count / killed)?);
    }
    Ok(())
}

type Row<'a> = (&'a contestants::Supervisor, Series, Option<Failure>);

fn print(all: &[Row<'_>], place: &str, count: usize) {
    let mut table = Table::new(&[
        "",
        "all up s",
        "ratio",
        "again ms",
        "ratio",
        "least",
        "KiB each",
        "processes",
        "idle CPU %",
        "wake-ups a second",
    ]);
    let standard = all.first().map(|(_, series, _)| series);
    for (supervisor, series, why) in all {
        if why.is_some() {
            continue;
        }
        let against = |figures: fn(&Series) -> &Figures| {
            let standard = standard.map_or(0.0, |standard| figures(standard).median());
            format!("{:.2}", figures(series).median() / standard)
        };
        table.row(vec![
            supervisor.name.to_owned(),
            format!("{:.2}", series.up.median()),
            against(|series| &series.up),
            format!("{:.2}", series.again.median()),
            against(|series| &series.again),
            format!("{:.2}", series.again.least()),
            format!("{:.1}", series.private.median()),
            series.processes.to_string(),
            format!("{:.2}", series.busy.median() * 100.0),
            format!("{:.1}", series.wakes.median()),
        ]);
    }
    table.print(&format!(
        "{count} services {place}: time from the start to all running; from SIGKILL of one to its next\n\
         start; private memory of the supervising processes by the services; those processes, their\n\
         processor time and how often they wake while nothing happens"
    ));
    for (supervisor, _, why) in all {
        if let Some(why) = why {
            line(&format!("not measured: {}: {why}", supervisor.name));
        }
    }
}
