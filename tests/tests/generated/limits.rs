//! softlimit: any options, under hard limits of several heights.

use crate::kit::{Case, Kit, shown};
use portreeve_tests::{Random, figures};

const CASES: usize = 1000;

/// Limits that a small program does not feel, however low.
const FREE: [&str; 5] = ["-c", "-r", "-p", "-l", "-t"];

/// Limits that it would: given amounts that it can live with.
const FELT: [&str; 6] = ["-a", "-d", "-m", "-s", "-f", "-o"];

const ANY: [&str; 12] = [
    "=",
    "0",
    "1",
    "4096",
    "1000000",
    "99999999999999999999",
    "",
    "7x",
    "-1",
    "0x10",
    " 5",
    "18446744073709551615",
];

const ENOUGH: [&str; 5] = ["=", "100000000", "200000000", "4294967296", "99999999999999999999"];

/// What starts the command: hard limits as they are, and lower ones, which cap what is asked for.
const STARTERS: [&[&str]; 2] = [
    &[],
    &[
        "prlimit",
        "--nofile=1000:2000",
        "--core=0:100000",
        "--fsize=150000000:150000000",
        "--stack=8000000:64000000",
        "--data=150000000:150000000",
        "--rss=5:7",
        "--memlock=0:0",
    ],
];

fn arguments(random: &mut Random) -> Vec<String> {
    let mut arguments = Vec::new();
    for _ in 0..random.below(5) {
        let (letter, value) = match random.below(3) {
            0 => (*random.pick(&FELT), *random.pick(&ENOUGH)),
            _ => (*random.pick(&FREE), *random.pick(&ANY)),
        };
        // seconds that end it before it has told, and values that are other options' words
        let value = if letter == "-t" && matches!(value, "0" | "1" | "") { "4096" } else { value };
        match random.chance(50) {
            true => arguments.push(format!("{letter}{value}")),
            false => arguments.extend([letter.to_owned(), value.to_owned()]),
        }
    }
    match random.below(30) {
        0 => arguments.push((*random.pick(&["-z", "-", "--", "-c", "-mz"])).to_owned()),
        1 => return arguments,
        _ => {}
    }
    arguments.extend(["cat".into(), "/proc/self/limits".into()]);
    arguments
}

#[test]
fn any_options_set_the_same_limits() {
    let kit = Kit::new();
    let mut random = Random(0x0050_f71f);
    for starter in STARTERS {
        let case = |arguments| Case { folder: "/".into(), arguments, ..Case::default() };
        let cases: Vec<Case> = (0..CASES).map(|_| case(arguments(&mut random))).collect();
        let mut told = 0;
        let answers = kit.ask("softlimit", starter, [&cases, &cases]);
        for (case, [theirs, ours]) in cases.iter().zip(answers) {
            told += usize::from(theirs.code == 0);
            let told = [&theirs, &ours].map(|it| (it.code, shown(&it.out), shown(&it.err)));
            assert!(theirs == ours, "{:?} {starter:?}: {told:#?}", case.arguments);
        }
        figures(&format!("softlimit: {CASES} calls, {told} programs run"));
        assert!(told > CASES / 4, "{told}");
    }
}
