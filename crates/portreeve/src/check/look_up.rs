//! What the host's resolver says of names, addresses and netgroups in rules.

use crate::render::text::count;
use portreeve_config::Questions;
use portreeve_diag::{Diagnostic, Level, Span};
use portreeve_dialect::wrappers::{Asked, Host, Question, Remark, Resolver, codes, remarks};
use portreeve_sys::resolver::{Answer, addresses_of, name_of, netgroup_has_members};
use portreeve_sys::together::together;
use std::net::IpAddr;
use std::time::Duration;

/// So many are looked up.
const MOST: usize = 200;

/// How long all of them may take together.
const LIMIT: Duration = Duration::from_secs(10);

/// Looks up what the rules name, some at once, and gives what is to be said of it. What is past the
/// bounds is counted.
pub(super) fn findings(questions: &Questions) -> Vec<Diagnostic> {
    let all: Vec<_> = questions.iter().collect();
    let more = all.len().saturating_sub(MOST).saturating_add(questions.more());
    let (asked, places): (Vec<Question>, Vec<&[Span]>) =
        all.into_iter().take(MOST).map(|(question, at)| (question.clone(), at)).unzip();
    let answers = together(asked, LIMIT, |question| remarks(question, &OfHost));
    let late = answers.iter().filter(|answer| answer.is_none()).count();
    let mut found = Vec::new();
    for (places, answer) in places.into_iter().zip(answers) {
        found.extend(answer.into_iter().flatten().map(|remark| finding(remark, places)));
    }
    found.extend(left_out(late, format!("no answer came within {} s", LIMIT.as_secs())));
    found.extend(left_out(more, format!("{MOST} are looked up, and no more")));
    found
}

/// A remark at the first place of its word, with the others.
fn finding(remark: Remark, places: &[Span]) -> Diagnostic {
    let (first, others) = places.split_first().unzip();
    let finding = remark.finding(first.copied());
    let others = others.unwrap_or_default().iter();
    others.fold(finding, |finding, at| finding.also(*at, "and here"))
}

fn left_out(number: usize, why: String) -> Option<Diagnostic> {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    let what = count(number, "look-up");
    let message = format!("{what} of names in hosts.allow and hosts.deny left out: {why}");
    let note = Diagnostic::new(Level::Note, codes::NOT_LOOKED_UP, None, message);
    (number > 0).then(|| note.help("`--offline` looks nothing up"))
}

/// The host's resolver. Each question has the time of all of them.
struct OfHost;

impl Resolver for OfHost {
    fn addresses(&self, name: &[u8]) -> Asked<Host> {
        match addresses_of(name, LIMIT) {
            Answer::Found(host) => {
                Asked::Found(Host { canonical: host.canonical, addresses: host.addresses })
            }
            Answer::Absent => Asked::Absent,
            Answer::Failed => Asked::Failed,
        }
    }

    fn name(&self, address: IpAddr) -> Asked<Vec<u8>> {
        match name_of(address, LIMIT) {
            Answer::Found(name) => Asked::Found(name),
            Answer::Absent => Asked::Absent,
            Answer::Failed => Asked::Failed,
        }
    }

    fn has_members(&self, group: &[u8]) -> Option<bool> {
        netgroup_has_members(group, LIMIT)
    }
}
