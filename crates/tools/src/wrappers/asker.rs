//! Deciding, and finding out what it takes.

use super::files;
use super::shown;
use portreeve_model::wrappers::{ListFile, Tables};
use portreeve_policy::Said;
use portreeve_policy::wrappers::{
    Answers, Decided, Decision, Name, Need, Request, Side, Start, User, decide,
};
use portreeve_sys::resolver::in_netgroup;
use std::time::Duration;

/// Files that one decision may read.
const MOST_LISTS: usize = 1000;

/// How long a question about a netgroup may take.
pub(super) const NETGROUP: Duration = Duration::from_secs(10);

/// Who finds out about the ends of a connection.
pub(super) trait LookUp {
    /// The name of one end.
    fn name(&mut self, request: &Request, side: Side) -> Name;
    /// The user at the client.
    fn user(&mut self, request: &Request) -> User;
    /// Something worth knowing happened.
    fn warn(&mut self, text: &str);
}

/// Decides; what is looked up stays in `request` and `answers`.
pub(super) fn ask<'r>(
    tables: &'r Tables,
    request: &mut Request,
    answers: &mut Answers,
    start: Start,
    look_up: &mut dyn LookUp,
) -> Decided<'r> {
    loop {
        match decide(tables, request, answers, start) {
            Decision::Decided(decided) => return decided,
            Decision::Need(need, _) => fill(need, request, answers, look_up),
        }
    }
}

/// Finds one thing out.
pub(super) fn fill(
    need: Need,
    request: &mut Request,
    answers: &mut Answers,
    look_up: &mut dyn LookUp,
) {
    match need {
        Need::Name(side) => {
            let name = look_up.name(request, side);
            let answered = name != Name::NotAsked;
            request.side_mut(side).name = if answered { name } else { Name::Unknown };
        }
        Need::User => {
            let user = look_up.user(request);
            request.user = if user == User::NotAsked { User::Unknown } else { user };
        }
        Need::List(path) => {
            let (list, warning) = match answers.lists.len() < MOST_LISTS {
                true => files::list(&path),
                false => (ListFile::Unreadable, Some("too many files are named".to_owned())),
            };
            if let Some(text) = warning {
                look_up.warn(&text);
            }
            answers.lists.insert(path, list);
        }
        Need::Netgroup { group, host } => {
            let member = in_netgroup(&group, &host, NETGROUP);
            if member.is_none() {
                look_up.warn(&format!("netgroup {} could not be asked for", shown(&group)));
            }
            let said = member.map_or(Said::Nothing, |is| if is { Said::Yes } else { Said::No });
            answers.netgroups.insert((group, host), said);
        }
    }
}
