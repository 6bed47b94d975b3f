//! From rules of which the first that matches decides, to lists in which a match in `deny` does.
//!
//! Addresses can always be said: they are divided among those who come in and those who do not.
//! Names cannot be divided, so a name is said only where its place among the rules makes no
//! difference, and it is told why where it does.

use super::set::{Range, Set};
use portreeve_model::{HostPattern, Network, Pattern};
use std::collections::{BTreeMap, BTreeSet};

/// What a rule does with whom it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allow,
    Deny,
}

/// A rule: it matches by address, or by a name; but not whom `unless` names.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Which of the caller's rules it is.
    pub(super) rule: usize,
    pub(super) addresses: Set,
    /// The addresses before any exception, which may be shorter to write.
    pub(super) wide: Set,
    pub(super) names: Vec<HostPattern>,
    pub(super) unless: Vec<HostPattern>,
    pub(super) verdict: Verdict,
}

impl Line {
    /// Whether nobody is left for the lines behind it.
    pub(super) fn is_for_everybody(&self) -> bool {
        self.unless.is_empty() && self.addresses == Set::everybody()
    }
}

/// A native list: everybody without `allow`; a match in `deny` refuses first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lists {
    pub(super) allow: Option<Vec<Pattern>>,
    pub(super) deny: Vec<Pattern>,
}

/// The rule whose name cannot be said, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tangle {
    pub(super) rule: usize,
    pub(super) why: &'static str,
}

const NAME_AFTER_ALLOW: &str = "it refuses by name, but not those whom a rule before it lets in; in native lists what is denied comes first";
const NAME_BETWEEN: &str =
    "it lets in by name, but not those whom a rule between it and a name before it refuses";
const EXCEPT_NAME: &str = "it excepts a name, and rules behind it decide about that name";

/// The lists that decide as the rules do, the first that matches; whom none matches comes in.
///
/// # Errors
/// A name whose place among the rules matters.
pub(super) fn lists(lines: Vec<Line>) -> Result<Lists, Tangle> {
    let lines = without_exceptions(lines)?;
    let decided = Decided::of(&lines);
    let names = Names::of(&lines, &decided);
    let tangle = |at: usize, why| {
        let rule = lines.get(at).map_or(0, |line| line.rule);
        Err(Tangle { rule, why })
    };
    if let Some(last) = names.refusing.last() {
        let by_name = names.letting_in.first().copied().unwrap_or(usize::MAX);
        if decided.first(Verdict::Allow).min(by_name) < *last {
            return tangle(*last, NAME_AFTER_ALLOW);
        }
    }
    let mut lists = match (names.letting_in.first(), names.letting_in.last()) {
        (Some(first), Some(last)) => {
            if decided.of_verdict(Verdict::Deny).any(|at| *first < at && at < *last) {
                return tangle(*last, NAME_BETWEEN);
            }
            let refused = decided.addresses(|at, verdict| verdict == Verdict::Deny && at < *first);
            let allowed = decided.addresses(|_, verdict| verdict == Verdict::Allow);
            let (exact, wide) = (allowed.networks(), allowed.or(&refused).networks());
            let allow = if wide.len() < exact.len() { wide } else { exact };
            let names = patterns(&lines, &names.letting_in);
            Lists {
                allow: Some(networks(allow).chain(names).collect()),
                deny: networks(refused.networks()).collect(),
            }
        }
        _ => by_address(&lines, &decided),
    };
    lists.deny.extend(patterns(&lines, &names.refusing));
    Ok(lists)
}

/// Of the ways to say it, the one with the fewest entries.
fn by_address(lines: &[Line], decided: &Decided) -> Lists {
    let allowed = decided.addresses(|_, verdict| verdict == Verdict::Allow);
    let everybody = Set::everybody();
    let refused = everybody.but(&allowed);
    if refused.networks().is_empty() {
        return Lists::default();
    }
    let of = |allow: Option<&Set>, deny: &Set| Lists {
        allow: allow.map(|allow| networks(allow.networks()).collect()),
        deny: networks(deny.networks()).collect(),
    };
    let all_but = of(None, &refused);
    let only = of(Some(&allowed), &Set::default());
    let mut written = Set::default();
    for line in lines.iter().filter(|line| line.verdict == Verdict::Allow) {
        written.v4.extend_from_slice(&line.wide.v4);
        written.v6.extend_from_slice(&line.wide.v6);
    }
    let written = Set::from_ranges(written.v4, written.v6);
    let covered = allowed.but(&written).is_empty();
    let as_written = of(Some(&written), &written.but(&allowed));
    let entries = |lists: &Lists| {
        let allow = lists.allow.as_ref().map_or(0, Vec::len);
        allow.saturating_add(lists.deny.len())
    };
    let ways = [Some(only), Some(all_but), covered.then_some(as_written)];
    ways.into_iter().flatten().min_by_key(entries).unwrap_or_default()
}

fn networks(networks: Vec<Network>) -> impl Iterator<Item = Pattern> {
    networks.into_iter().map(Pattern::Network)
}

/// The names of these lines, each once.
fn patterns(lines: &[Line], at: &[usize]) -> Vec<Pattern> {
    let names = at.iter().filter_map(|at| lines.get(*at)).flat_map(|line| &line.names);
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).cloned().map(Pattern::Host).collect()
}

/// Writes `deny: ALL EXCEPT name` as a rule that lets the name in and one that refuses the others,
/// and the reverse, where what comes behind decides the same about the name.
fn without_exceptions(lines: Vec<Line>) -> Result<Vec<Line>, Tangle> {
    let mut behind = Vec::with_capacity(lines.len());
    let mut so_far = Behind::default();
    for line in lines.iter().rev() {
        behind.push(so_far);
        so_far.add(line);
    }
    let (mut out, mut last) = (Vec::with_capacity(lines.len()), Vec::new());
    for (line, behind) in lines.into_iter().zip(behind.into_iter().rev()) {
        if line.unless.is_empty() {
            out.push(line);
            continue;
        }
        let (otherwise, to) = match line.verdict {
            Verdict::Deny if !behind.denies => (Verdict::Allow, &mut out),
            // whom a rule behind it refuses by address is refused in any case: it may go first
            Verdict::Deny if behind.plain && !behind.allows => (Verdict::Allow, &mut last),
            Verdict::Allow if behind.shuts && !behind.allows => (Verdict::Deny, &mut out),
            Verdict::Deny | Verdict::Allow => {
                return Err(Tangle { rule: line.rule, why: EXCEPT_NAME });
            }
        };
        to.push(Line {
            rule: line.rule,
            addresses: Set::default(),
            wide: Set::default(),
            names: line.unless,
            unless: Vec::new(),
            verdict: otherwise,
        });
        to.push(Line { unless: Vec::new(), ..line });
    }
    out.append(&mut last);
    Ok(out)
}

/// What the lines behind one do.
#[derive(Clone, Copy)]
struct Behind {
    /// One refuses.
    denies: bool,
    /// One lets in.
    allows: bool,
    /// One refuses everybody.
    shuts: bool,
    /// All are about addresses alone.
    plain: bool,
}

impl Default for Behind {
    fn default() -> Self {
        Self { denies: false, allows: false, shuts: false, plain: true }
    }
}

impl Behind {
    fn add(&mut self, line: &Line) {
        match line.verdict {
            Verdict::Deny => self.denies = true,
            Verdict::Allow => self.allows = true,
        }
        let whole = line.unless.is_empty() && line.addresses == Set::everybody();
        self.shuts |= whole && line.verdict == Verdict::Deny;
        self.plain &= line.unless.is_empty() && line.names.is_empty();
    }
}

/// The lines whose names matter, in order.
struct Names {
    refusing: Vec<usize>,
    letting_in: Vec<usize>,
}

impl Names {
    /// A name says nothing where everybody whom nothing before it decides about is treated alike.
    fn of(lines: &[Line], decided: &Decided) -> Self {
        let mut names = Self { refusing: Vec::new(), letting_in: Vec::new() };
        for (at, line) in lines.iter().enumerate().rev() {
            if line.names.is_empty() {
                continue;
            }
            let (same, other, opposite) = match line.verdict {
                Verdict::Allow => (&mut names.letting_in, &names.refusing, Verdict::Deny),
                Verdict::Deny => (&mut names.refusing, &names.letting_in, Verdict::Allow),
            };
            if !other.is_empty() || decided.last(opposite).is_some_and(|last| last > at) {
                same.push(at);
            }
        }
        names.refusing.reverse();
        names.letting_in.reverse();
        names
    }
}

/// Every address, with the line that decides about it; those of no line have the place behind the
/// last, which lets in.
struct Decided {
    v4: Vec<(Range, usize)>,
    v6: Vec<(Range, usize)>,
    verdicts: Vec<Verdict>,
}

impl Decided {
    fn of(lines: &[Line]) -> Self {
        let everybody = Set::everybody();
        let ranges = |family: fn(&Set) -> &Vec<Range>| {
            let mut free: BTreeMap<u128, u128> = family(&everybody).iter().copied().collect();
            let mut decided = Vec::new();
            for (at, line) in lines.iter().enumerate() {
                for range in family(&line.addresses) {
                    take(&mut free, *range, |taken| decided.push((taken, at)));
                }
            }
            decided.extend(free.into_iter().map(|range| (range, lines.len())));
            decided
        };
        let mut verdicts: Vec<_> = lines.iter().map(|line| line.verdict).collect();
        verdicts.push(Verdict::Allow);
        Self { v4: ranges(|set| &set.v4), v6: ranges(|set| &set.v6), verdicts }
    }

    fn all(&self) -> impl Iterator<Item = usize> {
        self.v4.iter().chain(&self.v6).map(|(_, at)| *at)
    }

    /// The lines of a verdict that decide about an address.
    fn of_verdict(&self, verdict: Verdict) -> impl Iterator<Item = usize> {
        self.all().filter(move |at| self.verdicts.get(*at) == Some(&verdict))
    }

    /// The first line of a verdict that decides about an address.
    fn first(&self, verdict: Verdict) -> usize {
        self.of_verdict(verdict).min().unwrap_or(usize::MAX)
    }

    /// The last.
    fn last(&self, verdict: Verdict) -> Option<usize> {
        self.of_verdict(verdict).max()
    }

    /// The addresses that such lines decide about.
    fn addresses(&self, which: impl Fn(usize, Verdict) -> bool) -> Set {
        let these = |all: &[(Range, usize)]| {
            let fits =
                |at: &usize| self.verdicts.get(*at).is_some_and(|verdict| which(*at, *verdict));
            all.iter().filter(|(_, at)| fits(at)).map(|(range, _)| *range).collect()
        };
        Set::from_ranges(these(&self.v4), these(&self.v6))
    }
}

/// Takes a range out of what is free; each piece that was is told.
fn take(free: &mut BTreeMap<u128, u128>, (first, last): Range, mut taken: impl FnMut(Range)) {
    while let Some((&from, &to)) = free.range(..=last).next_back().filter(|(_, to)| **to >= first) {
        free.remove(&from);
        if from < first {
            free.insert(from, first - 1);
        }
        if to > last {
            free.insert(last + 1, to);
        }
        taken((from.max(first), to.min(last)));
    }
}
