//! tai64nlocal: any text, in any zone.

use crate::kit::{Case, Kit, shown};
use portreeve_tests::{Random, figures};
use std::fs;

const CASES: usize = 4000;

const ZONES: [&str; 9] = [
    "UTC",
    "",
    "Asia/Kolkata",
    "America/New_York",
    "Australia/Lord_Howe",
    "CET-1CEST",
    "<+0330>-3:30",
    "No/Such_Zone",
    "AAA12BBB,J60/2,J300/3",
];

/// Digits of a label.
const DIGITS: usize = 24;

/// Seconds of 1970 in a label.
const EPOCH: u64 = (1 << 62) + 10;

fn label(random: &mut Random) -> String {
    let near = random.below(1 << 33) as u64;
    let seconds = match random.below(8) {
        0 => EPOCH.wrapping_sub(near),
        1 => EPOCH + near * 40,
        2 => EPOCH + 1_700_000_000 + random.below(40_000_000) as u64,
        3 => [EPOCH, EPOCH - 1, EPOCH - 10, EPOCH + 951_782_400][random.below(4)],
        // years of ten digits, and more than a year has room for
        4 if random.chance(20) => [0, u64::MAX, 1 << 62, EPOCH + (1 << 55)][random.below(4)],
        _ => EPOCH + near,
    };
    let nanoseconds = match random.below(3) {
        0 => 0,
        1 => 0xffff_ffff,
        _ => random.below(1 << 32) as u64,
    };
    format!("@{seconds:016x}{nanoseconds:08x}")
}

fn line(random: &mut Random) -> Vec<u8> {
    let label = label(random);
    let mut line = match random.below(12) {
        0..=4 => format!("{label} {}", random.pick(&["", "a line", "@", "4000000000000000", "\r"])),
        5 => format!("{label}{}", random.pick(&[".s", ".u", "", "@", "g", "A", "\0"])),
        6 => format!(" {label} not first"),
        7 => random.pick(&["", "plain", "a@4000000000000000", "\0\u{1}\r", "\t@"]).to_string(),
        8 => format!("{} cut short", &label[..random.below(label.len())]),
        9 => format!("{label}{} too long", random.pick(&["0", "ff", "4000000000000000"])),
        10 => format!("@{} upper", label[1..].to_uppercase()),
        _ => "x".repeat(random.below(3000)),
    }
    .into_bytes();
    line.push(b'\n');
    line
}

/// The row: a line that begins with `@` and no label. A label has 24 digits, and names a year.
fn is_of_a_row(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"@") else { return false };
    let digits = rest.iter().take_while(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')).count();
    let seconds = std::str::from_utf8(&rest[..digits.min(16)]).expect("digits");
    let seconds = u64::from_str_radix(seconds, 16).unwrap_or(0).wrapping_sub(EPOCH).cast_signed();
    // a year has 31 bits and a sign
    digits != DIGITS || seconds / 31_556_952 > (1 << 31) - 2 || seconds / 31_556_952 < 3 - (1 << 31)
}

#[test]
fn any_text_in_any_zone_is_shown_alike_and_what_is_no_label_stays() {
    let kit = Kit::new();
    let mut random = Random(0x7a1_10ca1);
    let texts: Vec<Vec<Vec<u8>>> = (0..CASES)
        .map(|_| {
            let mut lines: Vec<_> = (0..random.below(9)).map(|_| line(&mut random)).collect();
            // the last may want its line feed; a bare label there is of another row
            let last = lines.last_mut().filter(|last| random.chance(30) && last.len() > 27);
            last.and_then(Vec::pop);
            lines
        })
        .collect();
    let cases = |side: &str, keep: &dyn Fn(&[u8]) -> bool| -> Vec<Case> {
        let made = texts.iter().enumerate().map(|(number, lines)| {
            let input = kit.dir.path().join(side).join(number.to_string());
            let lines = lines.iter().filter(|line| keep(line));
            fs::write(&input, lines.flatten().copied().collect::<Vec<u8>>()).expect("write");
            Case {
                folder: "/".into(),
                input: Some(input),
                environment: vec![("TZ".into(), ZONES[number % ZONES.len()].into())],
                arguments: Vec::new(),
            }
        });
        made.collect()
    };
    // the ancestor would die of such a line
    let (theirs, ours) = (cases("theirs", &|line| !is_of_a_row(line)), cases("ours", &|_| true));
    let (mut labels, mut rows) = (0, 0);
    let answers = kit.ask("tai64nlocal", &[], [&theirs, &ours]);
    for (number, [theirs, ours]) in answers.into_iter().enumerate() {
        let mut shown_by_theirs = theirs.out.split_inclusive(|byte| *byte == b'\n');
        let mut want = Vec::new();
        for line in &texts[number] {
            if is_of_a_row(line) {
                rows += 1;
                want.extend(line);
            } else {
                labels += usize::from(line.starts_with(b"@"));
                want.extend(shown_by_theirs.next().unwrap_or_default());
            }
        }
        assert_eq!((theirs.code, ours.code), (0, 0), "{number}: {:?}", ours.err);
        let text = || shown(&texts[number].concat());
        assert!(ours.out == want, "{}\n{}\n{}", text(), shown(&ours.out), shown(&want));
    }
    figures(&format!("tai64nlocal: {CASES} texts, {labels} labels, {rows} lines of the row"));
    assert!(labels > CASES && rows > CASES / 10, "{labels} {rows}");
}
