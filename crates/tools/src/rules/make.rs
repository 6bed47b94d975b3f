//! tcprules: from text on standard input to a database.

use crate::applet::Call;
use crate::fresh::{Fresh, Words};
use crate::say;
use crate::trouble::Trouble;
use portreeve_ucspi::rules::{Action, Addresses, DENY, Line, data, doubt, plain, trimmed};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::ExitCode;

const WORDS: Words = Words { write: "unable to write to", rename: "unable to move" };

/// Bytes of a line, at most.
const LONGEST: u64 = 1 << 20;

/// Bytes read at a time.
const BUFFER: usize = 64 << 10;

/// Warnings that are shown; the rest are counted.
const MOST_WARNINGS: u64 = 100;

/// `tcprules RULES.CDB RULES.TMP`. A line that cannot be read ends it, with the old database in
/// place. One that the ancestor would pass over, or that can never match, is warned about.
pub(crate) fn make(call: &Call) -> Result<ExitCode, Trouble> {
    let [place, beside, ..] = call.arguments.as_slice() else { return Err(Trouble::Usage) };
    let mut fresh = Fresh::create(Path::new(place), Path::new(beside), WORDS)?;
    let mut input = BufReader::with_capacity(BUFFER, io::stdin().lock());
    let mut line = Vec::new();
    let mut warnings = Warnings { name: call.name, line: 0, count: 0 };
    loop {
        line.clear();
        let read = input.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        if read.map_err(|error| Trouble::system("unable to read input", &error))? == 0 {
            break;
        }
        warnings.line = warnings.line.saturating_add(1);
        if u64::try_from(line.len()).unwrap_or(LONGEST) >= LONGEST && !line.ends_with(b"\n") {
            return Err(Trouble::because("unable to read input", "a line is longer than 1 MiB"));
        }
        if let Some((address, action)) = plain(&line) {
            fresh.add(address, if action == Action::Deny { DENY } else { b"" })?;
            continue;
        }
        match Line::parse(&line) {
            Ok(Line::Nothing) => {}
            Ok(Line::Ignored) => warnings.warn("it has no colon and is no rule", &line),
            Ok(Line::Rule(rule)) => {
                if let Some(why) = doubt(rule.address) {
                    warnings.warn(why, rule.address);
                }
                let data = data(&rule);
                // the range was looked at when the line was read
                for key in Addresses::of(rule.address).into_iter().flatten() {
                    fresh.add(&key, &data)?;
                }
            }
            Err(fault) => {
                warnings.told();
                say(format!(
                    "{}: line {}, column {}: {fault}\n",
                    call.name,
                    warnings.line,
                    fault.at.saturating_add(1)
                ));
                let text = trimmed(&line);
                // the ancestor's message ends at a zero byte
                let text = text.split(|byte| *byte == 0).next().unwrap_or(text);
                return Err(Trouble::Wrong([b"unable to parse this line: ", text].concat()));
            }
        }
    }
    warnings.told();
    fresh.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// What is said of doubtful lines.
struct Warnings {
    name: &'static str,
    line: u64,
    count: u64,
}

impl Warnings {
    fn warn(&mut self, why: &str, text: &[u8]) {
        self.count = self.count.saturating_add(1);
        if self.count <= MOST_WARNINGS {
            let text: String = String::from_utf8_lossy(trimmed(text))
                .chars()
                .take(120)
                .flat_map(char::escape_debug)
                .collect();
            say(format!("{}: warning: line {}: {why}: `{text}`\n", self.name, self.line));
        }
    }

    fn told(&self) {
        if let Some(more) = self.count.checked_sub(MOST_WARNINGS).filter(|more| *more > 0) {
            say(format!("{}: warning: {more} more such lines\n", self.name));
        }
    }
}
