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

/// How many services, where it is not said.
const SERVICES: [usize; 1] = [1000];

/// How long nothing happens.
const IDLE: Duration = Duration::from_secs(5);

/// How many are killed, one after the other.
const KILLED: usize = 15;

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
    for (place, memory) in [("in memory", true), ("on the disk", false)] {
        for count in options.concurrency_or(&SERVICES) {
            measure(options, place, memory, count)?;
        }
    }
    Ok(())
}

fn measure(options: &Options, place: &str, memory: bool, count: usize) -> Result<(), Failure> {
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
            } else if let Err(failure) = once(supervisor, series, dir.path(), count) {
                *why = Some(failure);
            }
        }
    }
    print(&all, place, count);
    Ok(())
}

/// One start, one while, and some deaths.
fn once(
    supervisor: &contestants::Supervisor,
    series: &mut Series,
    dir: &std::path::Path,
    count: usize,
) -> Result<(), Failure> {
    let folders = Folders::make(dir, count)?;
    let mut running = Running::start(supervisor, &folders)?;
    series.up.add(running.all_up(&folders)?);
    // a death counts as young to many of them for a second
    sleep(Duration::from_secs(3));
    let family = running.family();
    series.processes = family.len();
    let idle = running::idle(&family, IDLE);
    series.busy.add(idle.busy);
    series.wakes.add(idle.wakes);
    series.private.add(running::private(&family) / running::real(count));
    for number in 0..KILLED.min(count) {
        series.again.add(running.again(number * count / KILLED.min(count))?);
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
