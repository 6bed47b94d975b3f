//! A text.

use super::super::Image;
use super::Said;
use crate::codes;
use portreeve_diag::{Diagnostic, Level, Span};
use portreeve_ucspi::image::{BadRules, Builder};
use portreeve_ucspi::rules::{Addresses, Line, Rule, doubt, trimmed};
use std::collections::HashSet;

/// An image of the rules of a text, and what is to be said of its lines.
pub(super) fn read(bytes: &[u8], said: &mut Said<'_>) -> Result<Image, String> {
    let mut reading = Reading { said, builder: Builder::new(), keys: HashSet::new(), bad: 0 };
    let mut start = 0;
    for (number, line) in (1_u32..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        let at = Place { number, start };
        reading.line(at, line).map_err(|bad| reading.said.unusable(bad.to_string()))?;
        start += line.len();
    }
    let Reading { said, builder, keys, bad } = reading;
    if bad > 0 {
        return Err(match bad {
            1 => "a line of it is no rule".into(),
            lines => format!("{lines} lines of it are no rules"),
        });
    }
    if keys.is_empty() {
        // cut short, more likely than meant
        let why = "it has no rule; one that lets everybody in is `:allow`";
        return Err(said.unusable(why));
    }
    let entries = keys.len().try_into().unwrap_or(u64::MAX);
    let bytes = builder.finish().map_err(|bad| said.unusable(bad.to_string()))?;
    Ok(Image { bytes, entries })
}

/// Where a line of the text is.
#[derive(Clone, Copy)]
struct Place {
    /// From 1.
    number: u32,
    /// Its first byte.
    start: usize,
}

struct Reading<'a, 'f> {
    said: &'a mut Said<'f>,
    builder: Builder,
    /// What rules stand for already: of two with one key the first decides.
    keys: HashSet<Vec<u8>>,
    /// Lines that cannot be read.
    bad: u32,
}

impl Reading<'_, '_> {
    fn line(&mut self, at: Place, line: &[u8]) -> Result<(), BadRules> {
        let end = at.start + trimmed(line).len();
        let whole = self.said.span(at.start, end);
        match Line::parse(line) {
            Ok(Line::Nothing) => {}
            Ok(Line::Ignored) => {
                let message = "a line without a colon is no rule; it is passed over";
                let finding = Diagnostic::new(
                    Level::Warning,
                    codes::RULES_LINE_IGNORED,
                    Some(whole),
                    message,
                );
                let help = "write `ADDRESS:allow` or `ADDRESS:deny`, or `#` before a remark";
                self.said.say(finding.help(help));
            }
            Ok(Line::Rule(rule)) => self.rule(at, whole, &rule)?,
            Err(fault) => {
                self.bad = self.bad.saturating_add(1);
                let from = at.start + fault.at;
                let span = self.said.span(from, end.max(from + 1));
                let message = format!("no rule: {fault}");
                let code = codes::RULES_SYNTAX;
                self.said.say(Diagnostic::new(Level::Error, code, Some(span), message));
            }
        }
        Ok(())
    }

    fn rule(&mut self, at: Place, whole: Span, rule: &Rule<'_>) -> Result<(), BadRules> {
        let address = self.said.span(at.start, at.start + rule.address.len().max(1));
        let warn = |at, message: String| {
            Diagnostic::new(Level::Warning, codes::RULES_NEVER_MATCH, Some(at), message)
        };
        if let Some(why) = doubt(rule.address) {
            self.said.say(warn(address, format!("this rule can never match: {why}")));
        }
        if rule.settings.iter().any(|setting| setting.name.is_empty()) {
            let message = "this rule sets a variable without a name, which no program is told";
            self.said.say(warn(whole, message.into()));
        }
        let (mut keys, mut fresh) = (0_u32, 0_u32);
        for key in Addresses::of(rule.address).into_iter().flatten() {
            keys = keys.saturating_add(1);
            if !self.keys.contains(&*key) {
                fresh = fresh.saturating_add(1);
                self.builder.add(&key, rule, at.number)?;
                self.keys.insert(key.into_owned());
            }
        }
        if fresh == 0 && keys > 0 {
            let message = "this rule can never match: a line before it has the same address";
            self.said.say(warn(address, message.into()));
        }
        Ok(())
    }
}
