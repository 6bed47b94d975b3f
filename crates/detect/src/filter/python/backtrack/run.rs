//! Matching, a step at a time.

use super::super::ast::Assert;
use super::super::class;
use super::{Program, Step};

/// At most so many ways still to be tried, and places to be put back.
const WAYS: usize = 100_000;
/// No place.
const NOWHERE: usize = usize::MAX;

/// The budget is used up: whether the pattern matches is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::filter) struct Spent;

/// The leftmost match from there on, into pairs of places, a group each; the first is the whole.
/// Steps are taken from the budget.
pub(in crate::filter) fn search(
    program: &Program,
    text: &str,
    from: usize,
    budget: &mut u32,
    into: &mut Vec<Option<(usize, usize)>>,
) -> Result<bool, Spent> {
    let places = vec![NOWHERE; program.places];
    let mut machine = Machine { program, text, places, ways: Vec::new(), budget };
    let mut start = from;
    loop {
        machine.places.fill(NOWHERE);
        machine.ways.clear();
        if machine.run(0, start)?.is_some() {
            into.clear();
            let groups = machine.places.get(..program.groups).unwrap_or_default();
            into.extend(groups.chunks(2).map(|pair| match pair {
                &[from, to] if from != NOWHERE && to != NOWHERE => Some((from, to)),
                _ => None,
            }));
            return Ok(true);
        }
        let Some(next) = machine.after(start).map(|(_, next)| next) else { return Ok(false) };
        if program.anchored {
            return Ok(false);
        }
        start = next;
    }
}

/// What to go back to.
enum Way {
    /// Go on there, at this place in the text.
    Try { step: usize, at: usize },
    /// This place was remembered.
    Put { place: usize, was: usize },
}

struct Machine<'p> {
    program: &'p Program,
    text: &'p str,
    places: Vec<usize>,
    ways: Vec<Way>,
    budget: &'p mut u32,
}

impl Machine<'_> {
    /// From a step on up to `Accept`: where it ends, or nothing if it does not fit. Places and ways
    /// are as before where it does not.
    fn run(&mut self, step: usize, at: usize) -> Result<Option<usize>, Spent> {
        let base = self.ways.len();
        let (mut step, mut at) = (step, at);
        loop {
            *self.budget = self.budget.checked_sub(1).ok_or(Spent)?;
            let Some(now) = self.program.code.get(step) else { return Ok(None) };
            let next = match now {
                Step::Accept => return Ok(Some(at)),
                Step::Char(wanted) => {
                    self.after(at).and_then(|(c, next)| (c == *wanted).then_some((step + 1, next)))
                }
                Step::Class(class) => self
                    .after(at)
                    .and_then(|(c, next)| class::holds(class, c).then_some((step + 1, next))),
                Step::Assert(what) => self.holds(*what, at).then_some((step + 1, at)),
                Step::Save(place) => {
                    self.remember(*place, at)?;
                    Some((step + 1, at))
                }
                Step::Jump(there) => Some((*there, at)),
                Step::Split(first, second) => {
                    self.push(Way::Try { step: *second, at })?;
                    Some((*first, at))
                }
                Step::Round { mark, again } => {
                    let moved = self.places.get(*mark) != Some(&at);
                    Some((if moved { *again } else { step + 1 }, at))
                }
                Step::Look { behind, negative, after } => {
                    let fits = self.look(step + 1, at, *behind, *negative)?;
                    (fits != *negative).then_some((*after, at))
                }
                Step::Atomic { after } => {
                    let base = self.ways.len();
                    let end = self.run(step + 1, at)?;
                    self.forget_ways(base);
                    end.map(|end| (*after, end))
                }
                Step::Back { group, fold } => {
                    self.again(*group, *fold, at).map(|next| (step + 1, next))
                }
                Step::Unless { group, there } => {
                    Some((if self.text_of(*group).is_some() { step + 1 } else { *there }, at))
                }
            };
            match next.or_else(|| self.back(base)) {
                Some(next) => (step, at) = next,
                None => return Ok(None),
            }
        }
    }

    /// Whether what is looked for is there. Groups in it keep what they took where it must be.
    fn look(
        &mut self,
        step: usize,
        at: usize,
        behind: Option<u32>,
        negative: bool,
    ) -> Result<bool, Spent> {
        let mut from = at;
        for _ in 0..behind.unwrap_or(0) {
            let Some((_, before)) = self.before(from) else { return Ok(false) };
            from = before;
        }
        let base = self.ways.len();
        let fits = self.run(step, from)?.is_some();
        if fits && negative {
            while self.ways.len() > base {
                if let Some(Way::Put { place, was }) = self.ways.pop()
                    && let Some(here) = self.places.get_mut(place)
                {
                    *here = was;
                }
            }
        } else if fits {
            self.forget_ways(base);
        }
        Ok(fits)
    }

    /// Goes back to the last way that is left.
    fn back(&mut self, base: usize) -> Option<(usize, usize)> {
        while self.ways.len() > base {
            match self.ways.pop()? {
                Way::Try { step, at } => return Some((step, at)),
                Way::Put { place, was } => {
                    if let Some(here) = self.places.get_mut(place) {
                        *here = was;
                    }
                }
            }
        }
        None
    }

    /// No other way is tried; what was remembered is still put back later.
    fn forget_ways(&mut self, base: usize) {
        let mut kept = base;
        for n in base..self.ways.len() {
            if matches!(self.ways.get(n), Some(Way::Put { .. })) {
                self.ways.swap(kept, n);
                kept += 1;
            }
        }
        self.ways.truncate(kept);
    }

    fn push(&mut self, way: Way) -> Result<(), Spent> {
        if self.ways.len() >= WAYS {
            return Err(Spent);
        }
        self.ways.push(way);
        Ok(())
    }

    fn remember(&mut self, place: usize, at: usize) -> Result<(), Spent> {
        if let Some(here) = self.places.get_mut(place) {
            let was = std::mem::replace(here, at);
            self.push(Way::Put { place, was })?;
        }
        Ok(())
    }

    /// The character there, and the place after it.
    fn after(&self, at: usize) -> Option<(char, usize)> {
        let c = self.text.get(at..)?.chars().next()?;
        Some((c, at + c.len_utf8()))
    }

    /// The character before, and its place.
    fn before(&self, at: usize) -> Option<(char, usize)> {
        let c = self.text.get(..at)?.chars().next_back()?;
        Some((c, at - c.len_utf8()))
    }

    fn text_of(&self, group: usize) -> Option<&str> {
        let (from, to) = (*self.places.get(2 * group)?, *self.places.get(2 * group + 1)?);
        self.text.get(from..to)
    }

    /// The text of a group again from there: where it ends.
    fn again(&mut self, group: usize, fold: bool, at: usize) -> Option<usize> {
        let wanted = self.text_of(group)?;
        let rest = self.text.get(at..)?;
        let length = u32::try_from(wanted.len()).unwrap_or(u32::MAX);
        if !fold {
            let fits = rest.starts_with(wanted).then_some(at + wanted.len());
            *self.budget = self.budget.saturating_sub(length / 16);
            return fits;
        }
        let mut end = at;
        let mut there = rest.chars();
        for c in wanted.chars() {
            let other = there.next()?;
            if c != other && !c.to_lowercase().eq(other.to_lowercase()) {
                return None;
            }
            end += other.len_utf8();
        }
        *self.budget = self.budget.saturating_sub(length);
        Some(end)
    }

    fn holds(&self, what: Assert, at: usize) -> bool {
        let before = self.before(at).map(|(c, _)| c);
        let after = self.after(at).map(|(c, _)| c);
        let word = |c: Option<char>| c.is_some_and(class::is_word);
        match what {
            Assert::Start => at == 0,
            Assert::End => after.is_none(),
            Assert::EndBeforeFeed => {
                after.is_none() || (after == Some('\n') && at + 1 == self.text.len())
            }
            Assert::LineStart => before.is_none_or(|c| c == '\n'),
            Assert::LineEnd => after.is_none_or(|c| c == '\n'),
            Assert::Word => word(before) != word(after),
            Assert::NotWord => word(before) == word(after),
            Assert::Unjoined => !(word(before) && word(after)),
        }
    }
}
