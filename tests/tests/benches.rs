//! The benchmarks of supervisors and loggers, a bounded cut: they run, ours is measured, and their ratios
//! are told. No figure has to be any: that is for a quiet machine.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "a test, which runs programs and reads their output"
)]

use portreeve_testkit::bin_dir;
use portreeve_tests::figures;
use std::process::Command;

/// Runs one, and gives what it printed.
fn cut(mode: &str) -> String {
    let mut command = Command::new("timeout");
    command.args(["--kill-after", "10", "300"]).arg(bin_dir().join("portreeve-benches"));
    command.args([mode, "--cut", "--only", "portreeve"]).env("PORTREEVE_BIN_DIR", bin_dir());
    let output = command.output().expect("run the benchmark");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{mode}: {}: {said}", output.status);
    let table = String::from_utf8(output.stdout).expect("text");
    figures(&table);
    table
}

/// The ratios of a row to the one above, which is what nobody can be faster than: one for each place.
fn ratios(table: &str, row: &str) -> Vec<f64> {
    let rows = table.lines().filter_map(|line| line.strip_prefix(row));
    rows.map(|rest| {
        let figures: Vec<f64> =
            rest.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        assert!(figures.iter().all(|figure| figure.is_finite() && *figure >= 0.0), "{figures:?}");
        figures.first().copied().expect("a ratio")
    })
    .collect()
}

#[test]
fn loggers_are_measured_in_memory_and_on_a_disk() {
    let ratios = ratios(&cut("logs"), "portreeve-tools multilog");
    assert!(
        matches!(ratios.as_slice(), [memory, disk] if *memory > 0.0 && *disk > 0.0),
        "{ratios:?}"
    );
}

#[test]
fn bans_in_the_kernel_are_measured() {
    let ratios = ratios(&cut("nftables"), "portreeve-firewall");
    assert!(matches!(ratios.as_slice(), [fill] if *fill > 0.0), "{ratios:?}");
}

#[test]
fn supervisors_are_measured_in_memory_and_on_a_disk() {
    let table = cut("services");
    assert_eq!(ratios(&table, "portreeve-tools svscan").len(), 2, "{table}");
}
