//! A text.

use super::super::Image;
use super::Said;
use crate::codes;
use portreeve_diag::{Diagnostic, Level, Span};
use portreeve_ucspi::image::{BadRules, Builder};
use portreeve_ucspi::rules::{Addresses, Line, Rule, doubt, trimmed};

/// An image of the rules of a text, and what is to be said of its lines.
pub(super) fn read(bytes: &[u8], said: &mut Said<'_>) -> Result<Image, String> {
    let mut reading = Reading { said, builder: Builder::new(), bad: 0 };
    for (at, line) in lines(bytes) {
        reading.line(at, line).map_err(|bad| reading.said.unusable(bad.to_string()))?;
    }
    let Reading { said, builder, bad } = reading;
    let made = builder.finish();
    if let Ok(made) = &made {
        repeated(said, bytes, &made.repeated);
    }
    if bad > 0 {
        return Err(match bad {
            1 => "a line of it is no rule".into(),
            lines => format!("{lines} lines of it are no rules"),
        });
    }
    let made = made.map_err(|bad| said.unusable(bad.to_string()))?;
    if made.keys == 0 {
        // cut short, more likely than meant
        let why = "it has no rule; one that lets everybody in is `:allow`";
        return Err(said.unusable(why));
    }
    let entries = made.keys.try_into().unwrap_or(u64::MAX);
    Ok(Image { bytes: made.image, entries })
}

/// The lines of a text, with their ends and places.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (Place, &[u8])> {
    let mut start = 0;
    (1_u32..).zip(bytes.split_inclusive(|byte| *byte == b'\n')).map(move |(number, line)| {
        let at = Place { number, start };
        start += line.len();
        (at, line)
    })
}

/// Tells of rules all of whose keys lines before them have: of two with one key the first decides.
/// Each line is named as often as it has such keys.
fn repeated(said: &mut Said<'_>, bytes: &[u8], named: &[u32]) {
    let mut named = named.iter().peekable();
    for (at, line) in lines(bytes) {
        if named.peek().is_none() {
            return;
        }
        let mut again = 0_usize;
        while named.next_if(|number| **number == at.number).is_some() {
            again += 1;
        }
        let Some(Ok(Line::Rule(rule))) = (again > 0).then(|| Line::parse(line)) else { continue };
        if Addresses::of(rule.address).into_iter().flatten().count() == again {
            let address = said.span(at.start, at.start + rule.address.len().max(1));
            let message = "this rule can never match: a line before it has the same address";
            said.say(never(address, message.into()));
        }
    }
}

fn never(at: Span, message: String) -> Diagnostic {
    Diagnostic::new(Level::Warning, codes::RULES_NEVER_MATCH, Some(at), message)
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
        if let Some(why) = doubt(rule.address) {
            self.said.say(never(address, format!("this rule can never match: {why}")));
        }
        if rule.settings.iter().any(|setting| setting.name.is_empty()) {
            let message = "this rule sets a variable without a name, which no program is told";
            self.said.say(never(whole, message.into()));
        }
        for key in Addresses::of(rule.address).into_iter().flatten() {
            self.builder.add(&key, rule, at.number)?;
        }
        Ok(())
    }
}
