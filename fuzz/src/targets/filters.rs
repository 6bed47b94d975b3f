//! Filters of fail2ban's: patterns in Python's language, and dates.

use portreeve_detect::filter::{Agreement, Dated, Filter, Verdict, agree};
use portreeve_detect::{Detector, Finding, Named, Record, address};
use portreeve_model::{Dialect, FilterText, Origin, Sited, UseDns};

use super::{Outcome, Target, signature};

/// A pattern on the first line, lines behind it.
pub(super) const FILTER: Target = Target {
    name: "filter",
    about: "patterns in Python's language, with fail2ban's tags",
    check: patterns,
    seeds: || {
        [
            "^Failed (?:<F-NOFAIL>publickey</F-NOFAIL>|\\S+) for <F-USER>.*?</F-USER> from <HOST>$\n\
             Failed password for root from 192.0.2.7\nFailed publickey for x from y from ::1",
            "(?i:reject): (?:(?! from ).)* from \\[?<ADDR>\\]?(?P<x>a)?(?(x)b|c{,2})\\s*$\n\
             reject: x from [192.0.2.7]c\nREJECT:  from 1.2.3.4.5abcc",
            "[^[]]{1,3}(a|b)\\1*+(?<=b)(?=<HOST>)<F-ID/>\nx]]bb1.2.3.4\n]]]abhost.example",
            "<F-MLFID>\\w+</F-MLFID>: (?:<F-MLFFORGET>bye</F-MLFFORGET>|<F-MLFGAINED>in</F-MLFGAINED>|<HOST>)\n\
             a: 192.0.2.7\na: in\na: bye",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
    },
    words: || {
        [
            "<HOST>",
            "<ADDR>",
            "<F-ID>",
            "</F-ID>",
            "<F-USER>",
            "</F-USER>",
            "<SUBNET>",
            "(?:",
            "(?=",
            "(?!",
            "(?<=",
            "(?<!",
            "(?P<a>",
            "(?P=a)",
            "(?(1)",
            "(?>",
            "(?i:",
            "|",
            ")",
            "*",
            "+",
            "?",
            "{1,2}",
            "{,3}",
            "*?",
            "++",
            "[^",
            "[",
            "]",
            "\\b",
            "\\s",
            "\\w+",
            "\\d",
            "$",
            "^",
            "\n",
            "192.0.2.7",
            " from ",
        ]
        .map(String::from)
        .to_vec()
    },
    longest: 2 << 10,
};

/// A date pattern on the first line, lines behind it.
pub(super) const DATES: Target = Target {
    name: "datepattern",
    about: "date patterns, and dates in lines",
    check: dates,
    seeds: || {
        [
            "{^LN-BEG}%Y-%m-%d %H:%M:%S(?:[.,]%f)?\n2026-11-22 10:00:00.5 192.0.2.7\n 2026-02-30 1:2:3 x",
            "{DEFAULT}\nNov 22 10:00:00 a 192.0.2.7\n[22/Nov/2026:10:00:00 +0100] x\n@4000000065a0b0c0deadbeef y",
            "^[^[]*\\[({DATE})\n[Sun Nov 22 10:00:00 2026] [x] 192.0.2.7\nx [PDT Nov 22 10:00:00] y",
            "{UNB}%d%b**\n22Nov 192.0.2.7",
            "EPOCH\n1795341600.123 192.0.2.7\naudit(1795341600.123:7): x",
            "{NONE}\n192.0.2.7",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
    },
    words: || {
        [
            "%Y",
            "%m",
            "%d",
            "%H",
            "%M",
            "%S",
            "%b",
            "%a",
            "%z",
            "%Z",
            "%ExY",
            "%Exy",
            "%j",
            "%p",
            "%I",
            "{DATE}",
            "{EPOCH}",
            "LEPOCH",
            "TAI64N",
            "{^LN-BEG}",
            "**",
            "^",
            "$",
            "(",
            ")",
            "Nov",
            "22",
            "2026",
            "10:00:00",
            "+0100",
            "UTC",
            "\n",
            " ",
        ]
        .map(String::from)
        .to_vec()
    },
    longest: 1 << 10,
};

/// Lines of one input.
const LINES: usize = 8;

/// Both matchers agree, and whom a filter charges is named in the line.
fn patterns(bytes: &[u8]) -> Outcome {
    let (pattern, lines) = divided(bytes);
    let mut kinds = Vec::new();
    let mut filter = match filter(&pattern, None) {
        Ok(filter) => Some(filter),
        Err(why) => {
            kinds.push(why);
            None
        }
    };
    for line in &lines {
        match agree(&pattern, line) {
            Agreement::Same(found) => kinds.push(if found { "found" } else { "not" }.into()),
            Agreement::Alone => kinds.push("alone".into()),
            Agreement::Differ(how) => return Err(format!("{pattern:?} on {line:?}: {how}")),
        }
        if let Some(filter) = &mut filter {
            kinds.push(judged(filter, line)?);
        }
    }
    Ok(signature(kinds.iter().map(String::as_str)))
}

fn dates(bytes: &[u8]) -> Outcome {
    let (pattern, lines) = divided(bytes);
    let mut filter = match filter("<HOST>", Some(&pattern)) {
        Ok(filter) => filter,
        Err(why) => return Ok(signature([why.as_str()])),
    };
    let mut kinds = Vec::new();
    for line in &lines {
        kinds.push(judged(&mut filter, line)?);
        kinds.push(format!("{:?}", filter.moment().map(|moment| std::mem::discriminant(&moment))));
    }
    Ok(signature(kinds.iter().map(String::as_str)))
}

/// The first line, and the others, in ASCII: a word is another to each matcher in other scripts.
fn divided(bytes: &[u8]) -> (String, Vec<String>) {
    let ascii = |bytes: &[u8]| {
        bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect()
    };
    let mut lines = bytes.split(|byte| *byte == b'\n').map(ascii);
    (lines.next().unwrap_or_default(), lines.take(LINES).collect())
}

/// The filter, or the kind of what is wrong with it.
fn filter(pattern: &str, dates: Option<&str>) -> Result<Filter, String> {
    let origin = Origin { file: 0, line: 1, column: 1, dialect: Dialect::Fail2ban };
    let text = FilterText {
        name: "fuzz".into(),
        prefregex: None,
        failregex: vec![Sited::new(pattern.to_owned(), origin)],
        ignoreregex: Vec::new(),
        datepattern: dates.map(|dates| Sited::new(dates.to_owned(), origin)),
        maxlines: 1,
        usedns: UseDns::Warn,
        origin,
    };
    let dated = if dates.is_some() { Dated::InLine } else { Dated::Beside };
    Filter::new(&text, dated).map_err(|refusals| {
        refusals.first().map(|refusal| refusal.why.to_string()).unwrap_or_default()
    })
}

fn judged(filter: &mut Filter, line: &str) -> Result<String, String> {
    let Finding::Offence(offence) = filter.look(&Record::plain(line.as_bytes())) else {
        return Ok("no offence".into());
    };
    let Named::Address(charged) = offence.named else { return Ok("nobody".into()) };
    let seen = match filter.read(line.as_bytes()) {
        Verdict::Offence(seen) => seen,
        Verdict::Nothing(_) | Verdict::Gained(_) => return Ok("of its session".into()),
    };
    let text = ["ip4", "ip6", "dns", "fid"].iter().find_map(|group| seen.group(group));
    let text = text.unwrap_or_default();
    if address::parse(text.as_bytes()) != Some(charged) {
        return Err(format!("{charged} is charged, the text is {text:?}"));
    }
    Ok("charged".into())
}
