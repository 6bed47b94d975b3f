//! Connections a second, served or refused, everybody in turn.

use std::time::Duration;

use crate::Failure;
use crate::args::Options;
use crate::client::{Until, count, load};
use crate::contestant::{Contestant, Job};
use crate::contestants::{for_job, losses, reference};
use crate::cpu::{Spent, busy, sum};
use crate::figures::Figures;
use crate::host::Host;
use crate::print::{Table, line, progress};

/// How long before each measurement the machine is watched while nobody of ours works.
const LISTENING: Duration = Duration::from_millis(100);

/// Not counted, before each measurement: caches and branch predictors of the one whose turn it is.
const WARM_UP: Duration = Duration::from_millis(150);

/// What one contestant did at one concurrency, over all rounds.
#[derive(Clone, Debug, Default)]
struct Series {
    rates: Figures,
    connections: u64,
    failed: u64,
    failure: Option<String>,
    listener: f64,
    helpers: f64,
    children: f64,
}

/// Measures everybody who can do the job, and prints a table for each concurrency.
pub(crate) fn run(
    host: &Host,
    options: &Options,
    job: Job,
    levels: &[usize],
) -> Result<(), Failure> {
    let (contestants, missing) = start_all(host, options, job);
    for concurrency in options.concurrency_or(levels) {
        let mut all = vec![Series::default(); contestants.len()];
        let mut others = Figures::default();
        for round in 1..=options.rounds {
            progress(&format!("{}, concurrency {concurrency}, round {round}", word(job)));
            for (contestant, series) in contestants.iter().zip(&mut all) {
                others.add(busy(LISTENING));
                measure(host, contestant, series, job, concurrency, options.time);
            }
        }
        print(&contestants, &all, job, concurrency);
        line(&format!(
            "(before each measurement others used {:.0} % of the machine, at most {:.0} %)",
            others.median() * 100.0,
            others.most() * 100.0
        ));
    }
    for contestant in &contestants {
        for lost in losses(host, contestant.port) {
            line(&format!("an event log lacks events: {}: {lost}", contestant.name));
        }
    }
    for text in missing {
        line(&text);
    }
    Ok(())
}

fn word(job: Job) -> &'static str {
    match job {
        Job::Serve => "served",
        Job::Refuse => "refused",
    }
}

/// All are started before anybody is measured; who waits costs nothing.
fn start_all(host: &Host, options: &Options, job: Job) -> (Vec<Contestant>, Vec<String>) {
    let (mut contestants, mut missing) = (Vec::new(), Vec::new());
    for recipe in for_job(job, options) {
        progress(&format!("starting {}", recipe.name));
        match Contestant::start(host, &recipe, job) {
            Ok(contestant) => contestants.push(contestant),
            Err(why) => missing.push(format!("not measured: {}: {why}", recipe.name)),
        }
    }
    (contestants, missing)
}

fn measure(
    host: &Host,
    contestant: &Contestant,
    series: &mut Series,
    job: Job,
    concurrency: usize,
    time: Duration,
) {
    let port = contestant.port;
    load(&host.world, port, job, concurrency, Until::Time(WARM_UP));
    contestant.settle();
    let (pids, own) = (&contestant.processes, contestant.listeners());
    let before = (sum(pids), sum(&own));
    let outcome = load(&host.world, port, job, concurrency, Until::Time(time));
    // What it still does about these connections is part of their cost.
    contestant.settle();
    let after = (sum(pids), sum(&own));
    let difference = |before: Spent, after: Spent| after.own - before.own;
    let (all, listener) = (difference(before.0, after.0), difference(before.1, after.1));
    series.rates.add(outcome.rate());
    series.connections += outcome.done;
    series.failed += outcome.failed;
    series.failure = series.failure.take().or(outcome.failure);
    series.listener += listener;
    series.helpers += all - listener;
    series.children += after.0.children - before.0.children;
}

fn print(contestants: &[Contestant], all: &[Series], job: Job, concurrency: usize) {
    let columns =
        ["", "ratio", "a second", "min", "max", "listener µs", "helpers µs", "children µs"];
    let mut table = Table::new(&columns);
    let standard = contestants.iter().zip(all).find(|(one, _)| one.name == reference(job));
    let standard = standard.map(|(_, series)| series.rates.clone()).unwrap_or_default();
    for (contestant, series) in contestants.iter().zip(all) {
        let each = |seconds: f64| match series.connections {
            0 => "–".to_owned(),
            connections => format!("{:.0}", seconds * 1e6 / count(connections)),
        };
        table.row(vec![
            contestant.name.to_owned(),
            format!("{:.2}", series.rates.against(&standard).median()),
            format!("{:.0}", series.rates.median()),
            format!("{:.0}", series.rates.least()),
            format!("{:.0}", series.rates.most()),
            each(series.listener),
            each(series.helpers),
            each(series.children),
        ]);
    }
    table.print(&format!("{} connections a second, {concurrency} at a time", word(job)));
    for (contestant, series) in contestants.iter().zip(all) {
        if let Some(why) = &series.failure {
            let (name, failed) = (contestant.name, series.failed);
            line(&format!("{name}: {failed} connections went wrong, not counted; first: {why}"));
        }
    }
}
