//! Counters as DenyHosts keeps them: `key:count:time`, one a line.

use super::asctime::Civil;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A count, and when it was last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// How many.
    pub count: u32,
    /// When, by the host's clock; `None` where the line does not say it.
    pub at: Option<Civil>,
}

/// A line that is no counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Which, from 1.
    pub line: u32,
    /// Why.
    pub why: &'static str,
}

/// The counters of one file. Keys may hold colons, as addresses of IPv6 do: count and time are read
/// from the right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(pub BTreeMap<String, Counter>);

impl Counters {
    /// Counters of one file, at most: more are told as a bad line.
    pub const MOST: usize = 1_000_000;

    /// Reads a file, and which of its lines are none. Of a key that stands there twice the last one
    /// counts.
    #[must_use]
    pub fn read(text: &str) -> (Self, Vec<BadLine>) {
        const MOST_BAD: usize = 1000;
        let (mut counters, mut bad) = (BTreeMap::new(), Vec::new());
        for (at, line) in text.lines().enumerate() {
            let line_number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            if line.trim().is_empty() {
                continue;
            }
            match parse(line) {
                Ok(_) if counters.len() >= Self::MOST => {
                    bad.push(BadLine { line: line_number, why: "too many counters" });
                    break;
                }
                Ok((key, counter)) => drop(counters.insert(key.to_owned(), counter)),
                Err(why) => bad.push(BadLine { line: line_number, why }),
            }
            bad.truncate(MOST_BAD);
        }
        (Self(counters), bad)
    }

    /// The file.
    #[must_use]
    pub fn print(&self) -> String {
        let mut text = String::new();
        for (key, Counter { count, at }) in &self.0 {
            let _ = match at {
                Some(at) => writeln!(text, "{key}:{count}:{at}"),
                None => writeln!(text, "{key}:{count}:"),
            };
        }
        text
    }

    /// Adds one, now.
    pub fn add(&mut self, key: &str, now: Civil) {
        let counter = self.0.entry(key.to_owned()).or_insert(Counter { count: 0, at: None });
        counter.count = counter.count.saturating_add(1);
        counter.at = Some(now);
    }

    /// A key's count.
    #[must_use]
    pub fn count(&self, key: &str) -> u32 {
        self.0.get(key).map_or(0, |counter| counter.count)
    }
}

fn parse(line: &str) -> Result<(&str, Counter), &'static str> {
    let line = line.trim();
    // a time has two colons of its own
    let with_time = line.rmatch_indices(':').nth(2).and_then(|(at, _)| {
        let (head, time) = line.split_at_checked(at)?;
        Some((head, Civil::parse(time.get(1..)?)?))
    });
    let (head, at) = match with_time {
        Some((head, at)) => (head, Some(at)),
        None => (line.strip_suffix(':').unwrap_or(line), None),
    };
    let (key, count) = head.rsplit_once(':').ok_or("it is no `key:count:time`")?;
    let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
    let count = digits.then(|| count.parse().ok()).flatten();
    let count = count.ok_or("its count is no number, or its time is none")?;
    Ok((key, Counter { count, at }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_from_the_right() {
        let text = "192.0.2.7:3:Tue Dec 16 11:24:15 2014\n\
                    2001:db8::7:12:Tue Dec 16 11:24:15 2014\n\
                    a:b - 192.0.2.7:1:Tue Dec 16 11:24:15 2014\n\
                    :4:Tue Dec 16 11:24:15 2014\n\
                    old:5\n";
        let (counters, bad) = Counters::read(text);
        let found: Vec<_> = counters.0.iter().map(|(key, c)| (key.as_str(), c.count)).collect();
        let want =
            [("", 4), ("192.0.2.7", 3), ("2001:db8::7", 12), ("a:b - 192.0.2.7", 1), ("old", 5)];
        assert_eq!((found, bad), (want.to_vec(), Vec::new()));
        let (again, _) = Counters::read(&counters.print());
        assert_eq!(again, counters);
    }

    #[test]
    fn bad_lines_are_told_of_with_their_number() {
        let (counters, bad) =
            Counters::read("x\n\n192.0.2.7:many:Tue Dec 16 11:24:15 2014\na:1:soon\n");
        assert!(counters.0.is_empty());
        assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [1, 3, 4]);
    }
}
