//! One line's way through a filter.

use super::engine::Spent;
use super::hit::Fields;
use super::lines::{Lines, divide};
use super::{Dated, Filter};
use crate::{Named, address};

/// What a filter says of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is no offence; why.
    Nothing(&'static str),
    /// It is one.
    Offence(Seen),
    /// It says that somebody may do what they asked for.
    Gained(Seen),
}

/// What was found in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which failregex, from 1.
    pub by: usize,
    /// Whom it names, as written.
    pub id: Id,
    fields: Fields,
}

/// Whom a match names, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id {
    /// The text that fail2ban would ban.
    pub text: Box<str>,
    /// Which group it is of.
    pub group: &'static str,
}

impl Seen {
    /// The text of a group, by its name in small letters: `user` of `<F-USER>`.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&str> {
        self.fields.text(name)
    }

    pub(super) fn user(&self) -> Option<Box<[u8]>> {
        let user = self.group("user").filter(|user| !user.is_empty())?;
        Some(user.as_bytes().into())
    }

    pub(super) fn port(&self) -> Option<u16> {
        address::port(self.group("fport")?.as_bytes())
    }
}

/// Whom what was found charges, and a remark for the reason.
pub(super) fn named(seen: &Seen) -> (Named, &'static str) {
    let network = |full: &str| {
        let cidr = seen.fields.text("cidr");
        cidr.is_some_and(|cidr| cidr != full)
    };
    for (group, full) in [("ip4", "32"), ("ip6", "128"), ("dns", ""), ("fid", "")] {
        let Some(value) = seen.fields.value(group) else { continue };
        let named = address::named(value.text.as_bytes());
        return match named {
            Named::Address(_) if value.torn => {
                (Named::Nobody, ": the address is a part of something longer")
            }
            Named::Address(_) if !full.is_empty() && network(full) => {
                (Named::Nobody, ": it names a network, not an address")
            }
            Named::Address(address) => (Named::Address(address), ""),
            Named::Host(_) if group == "fid" => (named, ": it names no address"),
            Named::Host(_) => (named, ": it names a host, not an address"),
            Named::Nobody | Named::Ambiguous => (named, ": it names no address"),
        };
    }
    (Named::Nobody, ": it names no address")
}

impl Filter {
    /// The line's way. Steps are taken from the budget.
    pub(super) fn work(&mut self, line: &str, budget: &mut u32) -> Result<Verdict, Spent> {
        if !self.gated {
            self.gate.open_all();
        } else if self.early {
            self.gate.read(line);
            if !self.may_match() {
                self.last_time = None;
                return Ok(Verdict::Nothing("none of the words that its patterns need are there"));
            }
        }
        let mut rest = None;
        if self.dated == Dated::InLine
            && let Some(found) = self.dates.find(line, budget)?
        {
            if found.stamp.is_some() {
                self.last_time = found.stamp;
            }
            let (from, to) = found.cut;
            let (before, after) = (line.get(..from), line.get(to..));
            rest = Some([before.unwrap_or_default(), after.unwrap_or_default()].concat());
        }
        // A line without a date is of the time of the line before.
        self.time = self.last_time;
        let rest = rest.unwrap_or_else(|| line.to_owned());
        if self.gated && !self.early {
            self.gate.read(&rest);
            if !self.may_match() {
                return Ok(Verdict::Nothing("none of the words that its patterns need are there"));
            }
        }
        if self.most <= 1 {
            self.lines.replace(Vec::new());
        }
        self.lines.push(rest, self.most);
        self.patterns(budget)
    }

    /// Whether the words of `prefregex` and of a failregex are there.
    fn may_match(&self) -> bool {
        let first = usize::from(self.pre.is_some());
        (first == 0 || self.gate.may(0))
            && (first..first + self.fails.len()).any(|place| self.gate.may(place))
    }

    fn patterns(&mut self, budget: &mut u32) -> Result<Verdict, Spent> {
        let lines = self.lines.all().to_vec();
        let mut text = Lines::text(&lines);
        if self.ignores.len() + 2 < self.fails.len() && self.is_ignored(&text, budget)? {
            return Ok(Verdict::Nothing("an ignoreregex matches"));
        }
        let mut common = Fields::default();
        if let Some(pre) = &mut self.pre {
            if !pre.search(&text, budget)? {
                return Ok(Verdict::Nothing("its prefregex does not match"));
            }
            pre.fields(&text, &mut common);
            let content = common.text("content").map(str::to_owned);
            common.take("content");
            if let Some(content) = content.filter(|content| !content.is_empty()) {
                let content = content.strip_suffix('\n').unwrap_or(&content).to_owned();
                text = Lines::text(std::slice::from_ref(&content));
                self.lines.replace(vec![content]);
            }
        }
        let first = usize::from(self.pre.is_some());
        for at in 0..self.fails.len() {
            if !self.gate.may(first + at) {
                continue;
            }
            let Some(fail) = self.fails.get_mut(at) else { break };
            if !fail.search(&text, budget)? {
                continue;
            }
            let (matched, others) = divide(fail, &text, &lines);
            let mut fields = common.clone();
            fail.fields(&text, &mut fields);
            if !self.ignores.is_empty() {
                let several = (self.most > 1).then(|| Lines::text(&matched));
                if self.is_ignored(several.as_deref().unwrap_or(&text), budget)? {
                    self.lines.replace(others);
                    return Ok(Verdict::Nothing("an ignoreregex matches"));
                }
            }
            self.lines.replace(others);
            return Ok(self.judge(at + 1, fields));
        }
        Ok(Verdict::Nothing("none of its failregexes matches"))
    }

    fn is_ignored(&mut self, text: &str, budget: &mut u32) -> Result<bool, Spent> {
        for ignore in &mut self.ignores {
            if ignore.search(text, budget)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a match comes to, with what its session's other lines hold.
    fn judge(&mut self, by: usize, fields: Fields) -> Verdict {
        let key = fields.text("mlfid").map(Box::<str>::from);
        let fields = match &key {
            Some(key) => {
                let fields = self.sessions.merge(key, fields, self.time).fields;
                if fields.is_said("nofail") {
                    if fields.is_said("mlfgained") {
                        let id = id(&fields).unwrap_or(Id { text: "".into(), group: "" });
                        return Verdict::Gained(Seen { by, id, fields });
                    }
                    return Verdict::Nothing(
                        "it is no failure by itself, and kept for its session",
                    );
                }
                fields
            }
            None => fields,
        };
        match (id(&fields), key) {
            (Some(id), _) => Verdict::Offence(Seen { by, id, fields }),
            (None, Some(key)) => {
                self.sessions.await_address(&key);
                Verdict::Nothing("it waits for a line of its session that names an address")
            }
            (None, None) => Verdict::Nothing("the match names nobody"),
        }
    }
}

/// Whom fail2ban would ban: `<F-ID>`, else an address, else a name.
fn id(fields: &Fields) -> Option<Id> {
    ["fid", "ip4", "ip6", "dns"]
        .into_iter()
        .find_map(|group| Some(Id { text: fields.text(group)?.into(), group }))
}
