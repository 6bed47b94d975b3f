//! hosts.deny as DenyHosts writes it: entries, each perhaps with a marker before it that says since
//! when. Lines of others are kept as they are.

use super::asctime::Civil;
use portreeve_model::unmapped;
use std::fmt::Write as _;
use std::net::IpAddr;

/// How a marker begins.
pub const DENY_MARK: &str = "# DenyHosts:";
/// What stands between a marker's time and the copy of its entry.
const DIVIDER: &str = " | ";

/// Who is shut out by an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// An address; IPv4-mapped ones are IPv4.
    Address(IpAddr),
    /// Anything else, as it is written: names, patterns, a piece of an address.
    Other(String),
}

impl Block {
    /// As DenyHosts names it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Other(text) => text.clone(),
        }
    }
}

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A marker with a time and a copy of the line that follows it.
    Marker(Civil, String),
    /// A marker that cannot be read.
    BadMarker,
    /// An entry.
    Entry(Block),
    /// Anything else.
    Other,
}

/// A line, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyLine {
    /// As it is written, without its end.
    pub text: String,
    /// What it is.
    pub line: Line,
}

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DenyFile {
    /// Its lines.
    pub lines: Vec<DenyLine>,
}

/// What was purged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Whose entries are gone.
    pub hosts: Vec<Block>,
    /// Lines of old markers, from 1, whose next line is not what they say.
    pub mismatched: Vec<usize>,
}

impl DenyFile {
    /// Reads a text.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let line = |text: &str| DenyLine { line: line(text), text: text.to_owned() };
        Self { lines: text.lines().map(line).collect() }
    }

    /// The text.
    #[must_use]
    pub fn print(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            let _ = writeln!(text, "{}", line.text);
        }
        text
    }

    /// The entries: the line of each from 1, whom it shuts out, and since when if its marker says so.
    pub fn entries(&self) -> impl Iterator<Item = (usize, &Block, Option<Civil>)> {
        self.lines.iter().enumerate().filter_map(|(at, line)| {
            let Line::Entry(block) = &line.line else { return None };
            // DenyHosts itself puts blank lines between the two when it takes an address out
            let mut before = self.lines.get(..at).unwrap_or_default().iter().rev();
            let before = before.find(|line| !line.text.trim().is_empty());
            let since = before.and_then(|before| match &before.line {
                Line::Marker(since, entry) if *entry == line.text => Some(*since),
                Line::Marker(..) | Line::BadMarker | Line::Entry(_) | Line::Other => None,
            });
            Some((at + 1, block, since))
        })
    }

    /// Whether somebody has an entry.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let address = Block::Address(unmapped(address));
        self.lines.iter().any(|line| line.line == Line::Entry(address.clone()))
    }

    /// Adds an entry, with a marker where its time is given.
    pub fn add(&mut self, service: Option<&str>, address: IpAddr, since: Option<Civil>) {
        let entry = entry(service, address);
        if let Some(since) = since {
            self.push(format!("{DENY_MARK} {since}{DIVIDER}{entry}"));
        }
        self.push(entry);
    }

    fn push(&mut self, text: String) {
        let line = line(&text);
        self.lines.push(DenyLine { text, line });
    }

    /// Takes out what has a marker that is old enough, but for whoever stays; the marker of those
    /// stays too.
    pub fn purge(
        &mut self,
        mut old: impl FnMut(Civil) -> bool,
        mut stays: impl FnMut(&Block) -> bool,
    ) -> Purged {
        let (mut purged, mut left) = (Purged::default(), Vec::with_capacity(self.lines.len()));
        let mut lines = std::mem::take(&mut self.lines).into_iter().enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            let due = if let Line::Marker(since, copy) = &line.line
                && old(*since)
            {
                copy.clone()
            } else {
                left.push(line);
                continue;
            };
            let mut blank = Vec::new();
            while let Some(line) = lines.next_if(|(_, line)| line.text.trim().is_empty()) {
                blank.push(line.1);
            }
            match lines.peek().map(|(_, next)| (&next.line, next.text == due)) {
                Some((Line::Entry(block), true)) if !stays(block) => {
                    purged.hosts.push(block.clone());
                    lines.next();
                }
                Some((_, true)) => {
                    left.push(line);
                    left.append(&mut blank);
                }
                Some((_, false)) | None => {
                    purged.mismatched.push(at + 1);
                    left.push(line);
                    left.append(&mut blank);
                }
            }
        }
        self.lines = left;
        purged
    }

    /// Takes out the entries of these, with their markers; gives whose there were.
    pub fn remove(&mut self, whom: &[Block]) -> Vec<Block> {
        let (mut gone, mut left): (Vec<Block>, Vec<DenyLine>) = Default::default();
        for line in std::mem::take(&mut self.lines) {
            let block = match &line.line {
                Line::Entry(block) if whom.contains(block) => block.clone(),
                Line::Entry(_) | Line::Marker(..) | Line::BadMarker | Line::Other => {
                    left.push(line);
                    continue;
                }
            };
            let marker = |before: &mut DenyLine| matches!(&before.line, Line::Marker(_, copy) if *copy == line.text);
            drop(left.pop_if(marker));
            if !gone.contains(&block) {
                gone.push(block);
            }
        }
        self.lines = left;
        gone
    }

    /// Gives every entry that has no marker one of this time; how many there were.
    pub fn migrate(&mut self, now: Civil) -> usize {
        let unmarked: Vec<usize> =
            self.entries().filter(|(_, _, since)| since.is_none()).map(|(at, ..)| at).collect();
        for at in unmarked.iter().rev() {
            let Some(entry) = at.checked_sub(1).and_then(|at| self.lines.get(at)) else { continue };
            let text = format!("{DENY_MARK} {now}{DIVIDER}{}", entry.text);
            let marker = DenyLine { line: line(&text), text };
            self.lines.insert(at - 1, marker);
        }
        unmarked.len()
    }
}

/// The text of an entry.
fn entry(service: Option<&str>, address: IpAddr) -> String {
    match (service, address) {
        // hosts_access(5) has brackets around them
        (Some(service), IpAddr::V6(v6)) => format!("{service}: [{v6}]"),
        (Some(service), IpAddr::V4(v4)) => format!("{service}: {v4}"),
        (None, address) => address.to_string(),
    }
}

fn line(text: &str) -> Line {
    if let Some(rest) = text.strip_prefix(DENY_MARK) {
        let marker = rest.split_once(DIVIDER);
        let read = marker.and_then(|(time, entry)| Some((Civil::parse(time)?, entry)));
        return match read {
            Some((since, entry)) => Line::Marker(since, entry.to_owned()),
            None => Line::BadMarker,
        };
    }
    let text = text.split_once('#').map_or(text, |(text, _)| text).trim();
    let block = || {
        let address = |text: &str| text.trim().parse::<IpAddr>().ok().map(unmapped);
        if let Some(bare) = address(text) {
            return Some(Block::Address(bare));
        }
        let (first, rest) = text.split_once(':')?;
        if let Some(bare) = address(first) {
            return Some(Block::Address(bare)); // `address : deny`
        }
        let rest = rest.trim();
        if let Some(v6) = address(rest) {
            return Some(Block::Address(v6)); // DenyHosts writes no brackets
        }
        let bracketed = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let whom = match bracketed {
            Some((inside, _)) => inside,
            None => rest.split_once(':').map_or(rest, |(whom, _)| whom),
        };
        let whom = whom.trim();
        Some(address(whom).map_or_else(|| Block::Other(whom.to_owned()), Block::Address))
    };
    match (text.is_empty(), block()) {
        (false, Some(block)) => Line::Entry(block),
        _ => Line::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Block {
        Block::Address(text.parse().unwrap())
    }

    const FILE: &str = "# hosts.deny\n\
        ALL: .evil.example\n\
        # DenyHosts: Sat Nov 21 20:00:00 2026 | sshd: 203.0.113.9\n\
        sshd: 203.0.113.9\n\
        # DenyHosts: Sun Nov 22 20:00:00 2026 | sshd: [2001:db8::9]\n\
        sshd: [2001:db8::9]\n\
        # DenyHosts: Sat Nov 21 20:00:00 2026 | sshd: 203.0.113.10\n\
        sshd: 203.0.113.11\n\
        sshd: 2001:db8::1\n\
        203.0.113.12 : deny\n\
        sshd: 2001\n\
        # DenyHosts: soon | x\n";

    fn entries(file: &DenyFile) -> Vec<(usize, Block, Option<String>)> {
        let shown = |since: Option<Civil>| since.map(|since| since.to_string());
        file.entries().map(|(at, block, since)| (at, block.clone(), shown(since))).collect()
    }

    #[test]
    fn entries_have_their_markers_times() {
        let file = DenyFile::read(FILE);
        assert_eq!(file.print(), FILE);
        let want = vec![
            (2, Block::Other(".evil.example".into()), None),
            (4, address("203.0.113.9"), Some("Sat Nov 21 20:00:00 2026".into())),
            (6, address("2001:db8::9"), Some("Sun Nov 22 20:00:00 2026".into())),
            (8, address("203.0.113.11"), None),
            (9, address("2001:db8::1"), None),
            (10, address("203.0.113.12"), None),
            (11, Block::Other("2001".into()), None),
        ];
        assert_eq!(entries(&file), want);
        assert_eq!(file.lines.last().unwrap().line, Line::BadMarker);
    }

    #[test]
    fn what_is_added_is_read() {
        let mut file = DenyFile::read("ALL: .evil.example\n");
        let since = Civil::parse("Sat Nov 21 20:00:00 2026");
        file.add(Some("sshd"), "203.0.113.9".parse().unwrap(), since);
        file.add(Some("ALL"), "2001:db8::9".parse().unwrap(), None);
        file.add(None, "203.0.113.10".parse().unwrap(), None);
        let want = "ALL: .evil.example\n\
            # DenyHosts: Sat Nov 21 20:00:00 2026 | sshd: 203.0.113.9\n\
            sshd: 203.0.113.9\nALL: [2001:db8::9]\n203.0.113.10\n";
        assert_eq!(file.print(), want);
        assert_eq!(DenyFile::read(want), file);
        assert!(file.has("::ffff:203.0.113.9".parse().unwrap()));
        assert!(!file.has("203.0.113.11".parse().unwrap()));
    }

    #[test]
    fn old_ones_are_purged_and_others_lines_stay() {
        let mut file = DenyFile::read(FILE);
        let cutoff = Civil::parse("Sun Nov 22 00:00:00 2026").unwrap();
        let purged = file.purge(|since| since < cutoff, |_| false);
        assert_eq!((purged.hosts, purged.mismatched), (vec![address("203.0.113.9")], vec![7]));
        let left: Vec<&str> = FILE
            .lines()
            .enumerate()
            .filter(|(at, _)| ![2, 3].contains(at))
            .map(|(_, line)| line)
            .collect();
        assert_eq!(file.print(), format!("{}\n", left.join("\n")));
        let mut file = DenyFile::read(FILE);
        assert!(file.purge(|_| true, |_| true).hosts.is_empty());
        assert_eq!(file.print(), FILE, "whoever stays keeps the marker too");
    }

    #[test]
    fn blank_lines_may_stand_between_a_marker_and_its_entry() {
        let mark = "# DenyHosts: Sat Nov 21 20:00:00 2026 | sshd: 203.0.113.9";
        let text = format!("{mark}\n\nsshd: 203.0.113.9\n\n");
        let mut file = DenyFile::read(&text);
        assert!(entries(&file)[0].2.is_some());
        assert_eq!(file.purge(|_| false, |_| false), Purged::default());
        assert_eq!(file.print(), text);
        assert_eq!(file.purge(|_| true, |_| false).hosts, [address("203.0.113.9")]);
        assert_eq!(file.print(), "\n");
    }

    #[test]
    fn entries_go_with_their_markers_and_get_them() {
        let mut file = DenyFile::read(FILE);
        let gone = file.remove(&[address("203.0.113.9"), address("203.0.113.99")]);
        assert_eq!(gone, [address("203.0.113.9")]);
        assert!(!file.print().contains("203.0.113.9\n"));
        let mut file = DenyFile::read("a: 203.0.113.1\n\n# x\nb: 203.0.113.2 # y\n");
        let now = Civil::parse("Sat Nov 21 20:00:00 2026").unwrap();
        assert_eq!(file.migrate(now), 2);
        let mark = "# DenyHosts: Sat Nov 21 20:00:00 2026 |";
        let want = format!(
            "{mark} a: 203.0.113.1\na: 203.0.113.1\n\n# x\n{mark} b: 203.0.113.2 # y\nb: 203.0.113.2 # y\n"
        );
        assert_eq!(file.print(), want);
        assert_eq!(file.migrate(now), 0);
    }
}
