//! The choice among several forms of dates.
//!
//! A log has one form of dates, mostly. The one found last is tried first, at the place where it
//! stood; a form that is found often moves up. A date in the midst of a message must not win over the
//! line's own: the one nearest to the start does, where they differ.

use std::sync::LazyLock;

use super::stamp::Stamp;
use super::stock::stock;
use super::template::Template;
use crate::filter::engine::{Groups, Spent};
use crate::filter::python::Fault;

/// A form that was not seen for so many lines gives way to one that was.
const UNUSED: u64 = 10_000;
/// At most so many forms.
const FORMS: usize = 200;

/// The stock list, compiled once for all filters, each with its weight.
static STOCK: LazyLock<Result<Vec<(Template, u32)>, Fault>> = LazyLock::new(|| {
    let mut templates = Vec::new();
    let stock = stock();
    for form in &stock {
        if !form.starts_with('^') && !form.starts_with("{^LN-BEG}") {
            templates.push((Template::new(&format!("{{^LN-BEG}}{form}"))?, 100));
        }
    }
    for form in &stock {
        templates.push((Template::new(form)?, 1));
    }
    Ok(templates)
});

/// The forms of dates of one filter.
pub(in crate::filter) struct Dates {
    forms: Vec<Form>,
    lines: u64,
    /// Where the last date began, with the characters before it and at it.
    begin: (usize, Option<char>, Option<char>),
    /// Where it ended, with its last character and the one behind.
    end: (usize, Option<char>, Option<char>),
    last: Option<usize>,
    first_unused: usize,
    groups: Groups,
}

struct Form {
    template: Template,
    /// The stock forms at the start of a line count more.
    weight: u32,
    /// Times it was chosen.
    hits: u32,
    /// Times it was found.
    found: u32,
    used: u64,
    distance: usize,
}

impl Form {
    #[expect(clippy::cast_precision_loss, reason = "only compared with its like")]
    fn worth(&self) -> f64 {
        f64::from(self.hits) * f64::from(self.weight) / self.distance.max(1) as f64
    }
}

/// A date in a line.
#[derive(Clone, Copy, Debug)]
pub(in crate::filter) struct Found {
    /// What is cut out: from and to in bytes.
    pub(in crate::filter) cut: (usize, usize),
    /// What it says; nothing where there is no such day, or nothing was to be found.
    pub(in crate::filter) stamp: Option<Stamp>,
}

impl Dates {
    /// From a date pattern of one or several lines; without one, the stock list.
    pub(in crate::filter) fn new(patterns: Option<&str>) -> Result<Self, Fault> {
        let mut dates = Self {
            forms: Vec::new(),
            lines: 0,
            begin: (1, None, None),
            end: (usize::MAX, None, None),
            last: None,
            first_unused: 0,
            groups: Groups::new(),
        };
        let mut at = 0;
        for line in patterns.unwrap_or_default().split('\n') {
            if !line.trim().is_empty() {
                let indent = line.chars().take_while(|c| c.is_whitespace()).count();
                dates
                    .add(line.trim())
                    .map_err(|fault| Fault { at: fault.at + at + indent, ..fault })?;
            }
            at += line.chars().count() + 1;
        }
        if dates.forms.is_empty() {
            dates.add("{DEFAULT}")?;
        }
        Ok(dates)
    }

    /// Whether cutting a date out never joins two words.
    pub(in crate::filter) fn is_clean(&self) -> bool {
        self.forms.iter().all(|form| form.template.clean)
    }

    /// Bytes of memory of its programs.
    pub(in crate::filter) fn size(&self) -> usize {
        self.forms.iter().map(|form| form.template.engine.size()).sum()
    }

    fn add(&mut self, pattern: &str) -> Result<(), Fault> {
        let key =
            if pattern.contains('%') { pattern.to_owned() } else { pattern.to_ascii_uppercase() };
        match key.as_str() {
            "{DEFAULT}" => self.add_stock(false),
            "{^LN-BEG}" => self.add_stock(true),
            "{NONE}" => self.push(Template::new("{UNB}^")?, 1),
            _ => match date_in(pattern) {
                Some((before, after)) => {
                    for stock in stock() {
                        self.push(
                            Template::new(&format!("{before}{}{after}", unbound(&stock)))?,
                            1,
                        )?;
                    }
                    Ok(())
                }
                None => self.push(Template::new(pattern)?, 1),
            },
        }
    }

    /// The stock list: first each form at the start of a line, then anywhere.
    fn add_stock(&mut self, at_start: bool) -> Result<(), Fault> {
        for (template, weight) in STOCK.as_ref().map_err(Clone::clone)? {
            if template.at_start || !at_start {
                self.push(template.clone(), *weight)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, template: Template, weight: u32) -> Result<(), Fault> {
        if self.forms.iter().any(|form| form.template.name == template.name) {
            return Ok(());
        }
        if self.forms.len() >= FORMS {
            return Err(Fault { at: 0, why: "more than 200 forms of dates".into() });
        }
        let distance = i32::MAX as usize;
        self.forms.push(Form { template, weight, hits: 0, found: 0, used: 0, distance });
        Ok(())
    }

    /// Finds the date of a line. Nothing where there is none.
    pub(in crate::filter) fn find(
        &mut self,
        line: &str,
        budget: &mut u32,
    ) -> Result<Option<Found>, Spent> {
        self.lines += 1;
        let mut best: Option<(usize, usize, usize, Groups)> = None;
        let mut skip = None;
        let mut chosen = None;
        if let Some(at) = self.last {
            chosen = self.try_last(line, at, budget, &mut skip)?;
            if let Some((begin, end)) = chosen
                && !self.is_settled(at, begin, end)
            {
                best = Some((at, begin, end, self.groups.clone()));
                chosen = None;
            }
        }
        let mut which = self.last.unwrap_or(0);
        if chosen.is_none() {
            let last = self.forms.len().saturating_sub(1);
            for at in 0..self.forms.len() {
                if Some(at) == skip {
                    continue;
                }
                let Some((begin, end)) = self.search(at, line, 0, line.len(), budget)? else {
                    continue;
                };
                let farther = begin > self.begin.0;
                let Some(form) = self.forms.get(at) else { break };
                let next_unused = self.forms.get(at + 1).is_none_or(|next| next.found == 0);
                let stop = at == last
                    || form.template.anchored
                    || (begin == 0 && form.hits > 0 && next_unused)
                    || !(begin > form.distance || farther);
                if stop {
                    (which, chosen) = (at, Some((begin, end)));
                    break;
                }
                if best.as_ref().is_none_or(|(_, known, ..)| begin < *known) {
                    best = Some((at, begin, end, self.groups.clone()));
                }
            }
        }
        if chosen.is_none()
            && let Some((at, begin, end, groups)) = best
        {
            self.groups = groups;
            (which, chosen) = (at, Some((begin, end)));
        }
        let Some((begin, end)) = chosen else { return Ok(None) };
        Ok(self.choose(line, which, begin, end))
    }

    /// The form of the last line, at its place if what stands around it is the same.
    fn try_last(
        &mut self,
        line: &str,
        at: usize,
        budget: &mut u32,
        skip: &mut Option<usize>,
    ) -> Result<Option<(usize, usize)>, Spent> {
        let Some(form) = self.forms.get(at) else { return Ok(None) };
        if form.template.anchored {
            *skip = Some(at);
            return self.search(at, line, 0, line.len(), budget);
        }
        let (begin, end) = (self.begin.0, self.end.0);
        let plain = |c: Option<char>| c.is_some_and(|c| !c.is_alphanumeric());
        let same_begin = before(line, begin) == self.begin.1
            || (after(line, begin) == self.begin.2 && plain(self.begin.2));
        let same_end = after(line, end) == self.end.2
            || (before(line, end) == self.end.1 && plain(self.end.1));
        if same_begin && same_end {
            let end = end.min(line.len());
            if begin > end || !line.is_char_boundary(begin) || !line.is_char_boundary(end) {
                return Ok(None);
            }
            return self.search(at, line, begin, end, budget);
        }
        *skip = Some(at);
        self.search(at, line, 0, line.len(), budget)
    }

    /// Whether a match of the last form is the line's date without looking further.
    fn is_settled(&self, at: usize, begin: usize, end: usize) -> bool {
        self.forms.len() == 1
            || self.forms.get(at).is_some_and(|form| form.template.anchored)
            || (begin == self.begin.0 && end == self.end.0)
    }

    fn search(
        &mut self,
        at: usize,
        line: &str,
        from: usize,
        to: usize,
        budget: &mut u32,
    ) -> Result<Option<(usize, usize)>, Spent> {
        let Some(form) = self.forms.get_mut(at) else { return Ok(None) };
        let Some(part) = line.get(..to) else { return Ok(None) };
        if !form.template.search(part, from, budget, &mut self.groups)? {
            return Ok(None);
        }
        form.found = form.found.saturating_add(1);
        Ok(self.groups.first().copied().flatten())
    }

    /// Takes a match: counts, remembers its place, and moves its form up.
    fn choose(&mut self, line: &str, at: usize, begin: usize, end: usize) -> Option<Found> {
        let lines = self.lines;
        let form = self.forms.get_mut(at)?;
        form.hits = form.hits.saturating_add(1);
        form.used = lines;
        form.distance = begin;
        let cut = self.groups.get(1).copied().flatten()?;
        let says = cut.0 < cut.1;
        let stamp = says.then(|| form.template.date(line, &self.groups)).flatten();
        let found = Found { cut, stamp };
        if self.first_unused == at {
            self.first_unused += 1;
        }
        self.begin = (begin, before(line, begin), after(line, begin));
        self.end = (end, before(line, end), after(line, end));
        let moved = if at > 0 && Some(at) != self.last { self.move_up(at) } else { at };
        self.last = Some(moved);
        Some(found)
    }

    /// Where the form that stood there stands now.
    fn move_up(&mut self, at: usize) -> usize {
        let mut to = if self.first_unused < at { self.first_unused } else { at / 2 };
        let may = |forms: &[Form], to: usize| match (forms.get(at), forms.get(to)) {
            (Some(one), Some(other)) => {
                one.worth() > other.worth() || (one.used > UNUSED && one.used - UNUSED > other.used)
            }
            _ => false,
        };
        if !may(&self.forms, to) {
            if to == at - 1 || !may(&self.forms, at - 1) {
                return at;
            }
            to = at - 1;
        }
        let form = self.forms.remove(at);
        self.forms.insert(to, form);
        while self.forms.get(self.first_unused).is_some_and(|form| form.hits > 0) {
            self.first_unused += 1;
        }
        to
    }
}

fn before(line: &str, at: usize) -> Option<char> {
    line.get(..at.min(line.len()))?.chars().next_back()
}

fn after(line: &str, at: usize) -> Option<char> {
    line.get(at..)?.chars().next()
}

/// `{DATE}` in a pattern: what stands before and after.
fn date_in(pattern: &str) -> Option<(&str, &str)> {
    let at = pattern.to_ascii_uppercase().find("{DATE}")?;
    let (before, after) = (pattern.get(..at)?, pattern.get(at + 6..)?);
    (!before.ends_with('\\')).then_some((before, after))
}

/// A stock form without what it says of its place.
fn unbound(form: &str) -> &str {
    form.strip_prefix("{^LN-BEG}").unwrap_or(form)
}
