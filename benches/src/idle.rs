//! Memory of doors that wait.

use std::fs;

use crate::Failure;
use crate::args::Options;
use crate::client::{Until, load};
use crate::contestant::{Contestant, Job};
use crate::contestants::doors;
use crate::cpu::{Private, private_memory};
use crate::host::Host;
use crate::print::{Table, line, progress};

/// Connections between the two looks.
const SOME: u64 = 2000;

/// Prints each process's private memory, when it has just opened and after some connections.
pub(crate) fn run(host: &Host, options: &Options) -> Result<(), Failure> {
    let mut table = Table::new(&["", "process", "dirty", "clean", "sum", "dirty after 2000"]);
    let mut missing = Vec::new();
    for recipe in doors(options) {
        progress(&format!("idle: {}", recipe.name));
        let contestant = match Contestant::start(host, &recipe, Job::Serve) {
            Ok(contestant) => contestant,
            Err(why) => {
                missing.push(format!("not measured: {}: {why}", recipe.name));
                continue;
            }
        };
        let sizes = || -> Vec<Private> {
            contestant.processes.iter().map(|pid| private_memory(*pid)).collect()
        };
        let first = sizes();
        load(&host.world, contestant.port, Job::Serve, 8, Until::Count(SOME));
        contestant.settle();
        let then = sizes();
        for ((pid, first), then) in contestant.processes.iter().zip(first).zip(then) {
            table.row(vec![
                recipe.name.to_owned(),
                name(*pid),
                first.dirty.to_string(),
                first.clean.to_string(),
                (first.dirty + first.clean).to_string(),
                then.dirty.to_string(),
            ]);
        }
    }
    table.print(
        "private memory of the idle door, KiB (Private_Dirty and Private_Clean of smaps_rollup), and\n\
         what is dirty after 2000 connections",
    );
    for text in missing {
        line(&text);
    }
    Ok(())
}

fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}
