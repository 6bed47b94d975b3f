//! Where the figures were taken.

use std::fs;

use crate::args::Options;
use crate::built::is_optimised;
use crate::print::line;

/// Says it.
pub(crate) fn describe(options: &Options) {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let information = read("/proc/cpuinfo");
    let model = information.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.and_then(|rest| rest.split_once(": ")).map_or("unknown", |(_, name)| name);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split_ascii_whitespace().take(3).collect::<Vec<_>>().join(" ");
    line(&format!(
        "portreeve {}, {cores} cores ({}), Linux {}; load average before: {load}",
        env!("CARGO_PKG_VERSION"),
        model.trim(),
        kernel.trim(),
    ));
    line(&format!(
        "{} rounds of {} s, in turn; medians. Clients and doors share the cores of this machine,\n\
         and whoever else works on it: a wide min–max says that it was noisy, and one figure alone\n\
         says little. Ratios are medians of ratios within one round.",
        options.rounds,
        options.time.as_secs_f64(),
    ));
    if !is_optimised() {
        line("NOT OPTIMISED: run it with --release; these figures mean nothing.");
    }
}
