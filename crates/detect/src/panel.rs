//! Several detectors over the same lines.

use crate::{Detector, Finding, Moment, Record};

/// Programs whose readers are remembered.
const KNOWN: usize = 64;

/// The longest name of a program that is remembered, in bytes.
const LONGEST: usize = 32;

/// What no program is called: who wants its lines wants everybody's, and knows nobody's words.
const NO_PROGRAM: &[u8] = b"\0";

/// Several detectors over the same lines. Whose a line is, its program's name says: the others do
/// not see it.
pub struct Panel {
    members: Vec<Box<dyn Detector>>,
    /// Programs seen, with the members that read them, one bit each.
    known: Vec<(Box<[u8]>, u64)>,
    /// Where in `known` the last program was, and the next newcomer goes.
    last: usize,
    next: usize,
}

/// What a panel says of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whose word it is: its place in the list that the panel was made of.
    pub by: usize,
    /// The word.
    pub finding: Finding,
}

impl Panel {
    /// At most this many detectors.
    pub const MOST: usize = 64;

    /// Of these, whose word counts in this order. Those past [`Self::MOST`] are left out.
    #[must_use]
    pub fn new(mut members: Vec<Box<dyn Detector>>) -> Self {
        members.truncate(Self::MOST);
        Self { members, known: Vec::new(), last: 0, next: 0 }
    }

    /// What the line says: the first member's word that finds an offence or a success in it, else
    /// the first one's why there is none. `None` when nobody here reads lines of this program.
    ///
    /// Every member that reads the program sees the line, also when one before it has found
    /// something: what it remembers may depend on it.
    pub fn look(&mut self, record: &Record<'_>) -> Option<Seen> {
        let mut readers = self.readers(record.program);
        let mut seen: Option<Seen> = None;
        while readers != 0 {
            let by = readers.trailing_zeros() as usize;
            readers &= readers.wrapping_sub(1);
            let Some(member) = self.members.get_mut(by) else { break };
            let finding = member.look(record);
            let better = match &seen {
                None => true,
                Some(before) => {
                    matches!(before.finding, Finding::Nothing(_))
                        && !matches!(finding, Finding::Nothing(_))
                }
            };
            if better {
                seen = Some(Seen { by, finding });
            }
        }
        seen
    }

    /// When the line last looked at was written, as a member found it in its own way.
    #[must_use]
    pub fn moment(&self, by: usize) -> Option<Moment> {
        self.members.get(by).and_then(|member| member.moment())
    }

    /// The name of a member.
    #[must_use]
    pub fn name(&self, by: usize) -> Option<&str> {
        self.members.get(by).map(|member| member.name())
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Who reads lines of this program.
    fn readers(&mut self, program: &[u8]) -> u64 {
        if let Some((name, readers)) = self.known.get(self.last)
            && **name == *program
        {
            return *readers;
        }
        if let Some(at) = self.known.iter().position(|(name, _)| **name == *program) {
            self.last = at;
            return self.known.get(at).map_or(0, |(_, readers)| *readers);
        }
        let (mut readers, mut general, mut own) = (0, 0, false);
        for (at, member) in self.members.iter().enumerate() {
            let wants = u64::from(member.wants(program)) << at;
            *(if member.general() { &mut general } else { &mut readers }) |= wants;
            own |= wants != 0 && !member.general() && !member.wants(NO_PROGRAM);
        }
        let readers = if own { readers } else { readers | general };
        if program.len() <= LONGEST {
            let row = (program.into(), readers);
            match self.known.get_mut(self.next) {
                Some(old) => *old = row,
                None => self.known.push(row),
            }
            self.next = self.next.wrapping_add(1) % KNOWN;
        }
        readers
    }
}

impl std::fmt::Debug for Panel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.members.iter().map(|member| member.name())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads its own program; `all` every one, `rest` those that nobody else reads.
    struct Echo(&'static str, Finding);

    impl Detector for Echo {
        fn name(&self) -> &str {
            self.0
        }
        fn wants(&self, program: &[u8]) -> bool {
            ["all", "rest"].contains(&self.0) || program == self.0.as_bytes()
        }
        fn general(&self) -> bool {
            self.0 == "rest"
        }
        fn look(&mut self, _: &Record<'_>) -> Finding {
            self.1.clone()
        }
    }

    fn success() -> Finding {
        let (named, why) = (crate::Named::Nobody, "x".into());
        Finding::Success(crate::Success { named, port: None, user: None, why })
    }

    #[test]
    fn a_line_is_shown_to_the_readers_of_its_program() {
        let mut panel = Panel::new(vec![
            Box::new(Echo("a", Finding::Nothing("a's"))),
            Box::new(Echo("b", success())),
            Box::new(Echo("all", Finding::Nothing("all's"))),
        ]);
        let mut by = |program: &[u8]| {
            let seen = panel.look(&Record { program, ..Record::plain(b"") }).unwrap();
            (seen.by, seen.finding)
        };
        for _ in 0..2 {
            assert_eq!(by(b"a"), (0, Finding::Nothing("a's")));
            assert_eq!(by(b"b"), (1, success()));
            assert_eq!(by(b"c"), (2, Finding::Nothing("all's")));
            for n in 0..2 * KNOWN {
                assert_eq!(by(format!("p{n}").as_bytes()), (2, Finding::Nothing("all's")));
            }
        }
        assert!(panel.known.len() <= KNOWN);
        let mut general = Panel::new(vec![
            Box::new(Echo("rest", success())),
            Box::new(Echo("a", Finding::Nothing("a's"))),
        ]);
        for (program, by) in [(&b"a"[..], 1), (b"b", 0), (b"", 0)] {
            let record = Record { program, ..Record::plain(b"") };
            assert_eq!(general.look(&record).unwrap().by, by, "{program:?}");
        }
        // Who reads everybody's lines, as a filter does, is no reason not to ask the general one.
        let mut both = Panel::new(vec![
            Box::new(Echo("all", Finding::Nothing("all's"))),
            Box::new(Echo("rest", success())),
        ]);
        assert_eq!(both.look(&Record { program: b"b", ..Record::plain(b"") }).unwrap().by, 1);
        let mut narrow = Panel::new(vec![Box::new(Echo("a", success()))]);
        assert_eq!(narrow.look(&Record::plain(b"")), None);
    }
}
