//! What judging an offence costs, by how many different sources there are within a minute.
//!
//! Each case is a process of its own, so that its memory is its own too. Time is that of the processor:
//! a case makes offences by the thousand and judges them, and only the judging is counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;

use portreeve_judge::{Bounds, Scores};
use portreeve_model::preset::{DenyHosts, Fail2ban, OpenSsh, portreeve};
use portreeve_model::{Dialect, Judge, Offence, Origin, ServiceName};
use rustix::time::{ClockId, clock_gettime};

use crate::Failure;
use crate::args::Options;
use crate::client::count;
use crate::cpu::private_memory;
use crate::figures::Figures;
use crate::print::{Table, line, progress};

/// The word by which a case is started.
pub(crate) const CASE: &str = "judge-case";

/// Offences of a case, all within a minute.
const OFFENCES: u32 = 1_000_000;

/// Offences that are made before they are judged.
const BLOCK: u32 = 1_000;

const PRESETS: [&str; 4] = ["portreeve", "fail2ban", "denyhosts", "openssh"];
const SOURCES: [u32; 4] = [10, 1_000, 100_000, 1_000_000];

/// Every preset with every number of sources, in turn.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let cases: Vec<(&str, u32)> = PRESETS
        .into_iter()
        .filter(|preset| options.wants(preset))
        .flat_map(|preset| SOURCES.map(|sources| (preset, sources)))
        .collect();
    let mut figures = vec![Vec::<Figures>::new(); cases.len()];
    for round in 1..=options.rounds {
        for ((preset, sources), figures) in cases.iter().zip(&mut figures) {
            progress(&format!("judge: {preset}, {sources} sources, round {round}"));
            let told = once(preset, *sources)?;
            figures.resize(told.len(), Figures::default());
            figures.iter_mut().zip(told).for_each(|(figures, told)| figures.add(told));
        }
    }
    let headings =
        ["preset", "sources", "ns each", "MiB", "MiB counted", "sums", "evicted", "proposals"];
    let mut table = Table::new(&headings);
    for ((preset, sources), figures) in cases.iter().zip(&figures) {
        let shown = figures.iter().zip([0, 1, 1, 0, 0, 0]);
        let shown = shown.map(|(figures, places)| format!("{:.*}", places, figures.median()));
        table.row([(*preset).to_owned(), sources.to_string()].into_iter().chain(shown).collect());
    }
    table.print(&format!(
        "{OFFENCES} offences within a minute, half of them over IPv6: processor time for each, memory of \
         the process that the sums have added, what they count themselves, sums held at the end, sums \
         let go for want of room, bans proposed"
    ));
    Ok(())
}

fn once(preset: &str, sources: u32) -> Result<Vec<f64>, Failure> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut case = Command::new(own);
    let told = case.args([CASE, preset, &sources.to_string()]).output();
    let told = told.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&told.stdout);
    let figures: Result<Vec<f64>, _> = text.split_whitespace().map(str::parse).collect();
    match figures {
        Ok(figures) if told.status.success() && !figures.is_empty() => Ok(figures),
        _ => Err(format!("{preset}: {text}{}", String::from_utf8_lossy(&told.stderr))),
    }
}

/// One case; what it took, as numbers.
pub(crate) fn case(preset: &str, sources: u32) -> Result<(), Failure> {
    let memory = || {
        let held = private_memory(std::process::id());
        count(held.dirty + held.clean) / 1024.0
    };
    let mut scores = Scores::new(vec![judge(preset)?], Bounds::default());
    let (mut spent, mut proposals) = (0.0, 0_u64);
    let mut block: Vec<Offence> = (0..BLOCK).map(|number| offence(number, sources)).collect();
    let before = memory();
    for first in (0..OFFENCES).step_by(1_000) {
        for (number, offence) in (first..).zip(&mut block) {
            *offence = self::offence(number, sources);
        }
        let began = processor();
        for offence in &block {
            proposals += scores.offence(offence).len() as u64;
        }
        spent += processor() - began;
    }
    let held = scores.held();
    line(&format!(
        "{} {} {} {} {} {proposals}",
        spent * 1e9 / f64::from(OFFENCES),
        memory() - before,
        count(held.bytes as u64) / 1048576.0,
        held.cells,
        held.evicted,
    ));
    Ok(())
}

/// Seconds of the processor that this thread has had.
fn processor() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    std::time::Duration::try_from(time).unwrap_or_default().as_secs_f64()
}

fn judge(preset: &str) -> Result<Judge, Failure> {
    let name: ServiceName = "bench".parse().map_err(|_| "a name")?;
    let origin = Origin { file: 0, line: 0, column: 0, dialect: Dialect::Native };
    match preset {
        "portreeve" => Ok(portreeve(name, origin)),
        "fail2ban" => Ok(Fail2ban::default().judge(name, origin)),
        "denyhosts" => Ok(DenyHosts::default().judge(name, origin)),
        "openssh" => Ok(OpenSsh::V10_3.judge(name, origin)),
        _ => Err(format!("there is no preset `{preset}`")),
    }
}

/// The sources take turns; each comes from networks of its own.
fn offence(number: u32, sources: u32) -> Offence {
    let source = (number % sources.max(1)).wrapping_mul(0x9e37_79b1);
    let peer: IpAddr = match source % 2 {
        0 => Ipv4Addr::from(source).into(),
        _ => Ipv6Addr::from(0x2001_0db8_u128 << 96 | u128::from(source) << 56 | 1).into(),
    };
    let of = |words: [&str; 3], by: u32| words[(number / by) as usize % 3].to_owned();
    Offence {
        at: 1_800_000_000_000 + u64::from(number) * 60_000 / u64::from(OFFENCES),
        kind: of(["auth-failed", "invalid-user", "no-auth"], 1),
        peer: Some(peer),
        port: Some(22),
        service: "ssh".into(),
        user: Some(of(["root", "admin", "test"], 3)),
        source: "journal".into(),
        watch: None,
        detector: Some("sshd".into()),
        session: None,
        certain: true,
        count: 1,
        why: "authentication failed".into(),
        sentence: None,
        spared: None,
    }
}
