//! The decision on the files alone: the door's own function, with nothing counted and nobody
//! banned, and sentences that say so.

use super::complete::complete;
use portreeve_config::SourceRead;
use portreeve_model::{Config, Load, Service, Supposed};
use portreeve_policy::{
    Answer, Detail, Facts, IdentAnswer, Image, Names, Own, Question, ServiceIndex, State,
    StepRecord, Tables, Verdict, endings_sentence, errand_sentence, follow, need_sentence,
    refusal_sentence, refusals_sentence, step_sentence, supposed_lists,
};
use portreeve_wire::control::{Explanation, Step};
use std::net::IpAddr;
use std::time::Duration;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Who.
    pub(super) peer: IpAddr,
    /// From which port; 0 if it does not matter.
    pub(super) port: u16,
    /// When, seconds since the epoch.
    pub(super) wall: i64,
    /// What is supposed of look-ups.
    pub(super) supposed: &'a Supposed,
    /// The load average.
    pub(super) load: Option<Load>,
}

/// The indices of the services of a name, or of the one of a key.
pub(super) fn meant(config: &Config, name: &str) -> Vec<usize> {
    let fits = |service: &Service| service.name.as_str() == name || service.key.as_str() == name;
    let indexed = config.services.iter().enumerate();
    indexed.filter(|(_, service)| fits(service)).map(|(at, _)| at).collect()
}

/// The answers of these services.
pub(super) fn explanations(
    config: &Config,
    images: Vec<SourceRead>,
    services: &[usize],
    asked: &Asked<'_>,
) -> Vec<Explanation> {
    let mut tables = Tables::compile(config);
    for SourceRead { source, outcome, .. } in images {
        tables.set_source(source, outcome.map(|image| Image::whole(image.bytes)));
    }
    let state = State::new(config.settings.max_sessions, 0);
    let one = |at: &usize| {
        let service = config.services.get(*at)?;
        let index = ServiceIndex(u32::try_from(*at).ok()?);
        let mut trace = Vec::new();
        let listed = supposed_lists(tables.dns_zones(index), asked.supposed);
        let own = Own::supposed(service, asked.supposed);
        let facts = Facts { own, listed: listed.as_deref(), ..facts(asked) };
        let verdict = follow(&tables, index, &state, &facts, &mut trace);
        Some(told(&verdict, &trace, service, asked.peer, &config.files))
    };
    services.iter().filter_map(one).collect()
}

fn facts<'a>(asked: &Asked<'a>) -> Facts<'a> {
    Facts {
        peer: asked.peer,
        port: asked.port,
        now: Duration::ZERO,
        wall: asked.wall,
        load: asked.load,
        dice: 99, // no drop that is not certain
        names: Names::supposed(asked.supposed),
        server_names: Names::supposed_server(asked.supposed),
        own: Own::default(),
        answered: &[],
        listed: None,
        ident: IdentAnswer::supposed(asked.supposed),
    }
}

fn told(
    verdict: &Verdict<()>,
    trace: &[StepRecord],
    service: &Service,
    peer: IpAddr,
    files: &[String],
) -> Explanation {
    let step = |record: &StepRecord| Step {
        row: record.number,
        question: record.question.word().to_owned(),
        answer: answer(record, service, peer, files),
        origin: record.origin.map(|origin| origin.show(files)),
        word: record.answer.word().to_owned(),
        decided: record.decided(),
        after: record.after,
    };
    let (word, reason, text) = match verdict {
        Verdict::Grant((), _) => ("granted", None, String::new()),
        Verdict::Need(need) => ("unknown", None, need_sentence(*need).to_owned()),
        Verdict::Run(errand) => ("unknown", None, errand_sentence(errand)),
        Verdict::Refuse(refusal) => {
            ("refused", Some(refusal.reason.word()), refusal_sentence(refusal, peer, files))
        }
        Verdict::Sprung(_) => ("trapped", None, String::new()),
    };
    complete(Explanation {
        service: service.key.to_string(),
        verdict: word.to_owned(),
        reason: reason.map(str::to_owned),
        text,
        then: match verdict {
            Verdict::Grant((), _) => endings_sentence(service),
            Verdict::Refuse(_) | Verdict::Sprung(_) => refusals_sentence(service),
            Verdict::Need(_) | Verdict::Run(_) => None,
        },
        origin: None,
        steps: trace.iter().map(step).collect(),
    })
}

/// What a step found, but for what only the door knows.
fn answer(record: &StepRecord, service: &Service, peer: IpAddr, files: &[String]) -> String {
    let sentence = || step_sentence(record, peer, files);
    match record.answer {
        Answer::Pass => not_known(record, service).unwrap_or_else(sentence),
        Answer::Refuse(_) | Answer::Need(_) | Answer::Run | Answer::Sprung => sentence(),
    }
}

/// The answer to a question that only the running door can answer, with the limit where there is
/// one; `None` for questions that the files answer.
fn not_known(record: &StepRecord, service: &Service) -> Option<String> {
    let limit = match (&record.detail, record.question) {
        (_, Question::Ban) => return Some("the bans are not known".into()),
        (_, Question::Pause) => {
            let rate = service.admission.rate.as_ref();
            return rate.map(|_| "whether it pauses is not known".into());
        }
        (Detail::Count { limit, .. }, _) => format!("at most {limit}"),
        (Detail::Source { source, limit, .. }, _) => format!("at most {limit} from {source}"),
        (Detail::Rate { rate, .. }, _) => {
            format!("at most {} in {:?}", rate.connections, rate.per)
        }
        (Detail::Drop { limit, .. }, _) => {
            format!("`{}:{}:{}`", limit.start, limit.rate, limit.full)
        }
        _ => return None,
    };
    Some(format!("{limit}; the count is not known"))
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
