//! What processes send one another, above all what root's is sent: a helper that was taken over,
//! or anybody who may open the control socket, can send any bytes.

use super::{Outcome, Target, signature};
use portreeve_model::{ListAnswer, Mark, Reach, SourceId, Watched};
use portreeve_wire::clerk::{BookedCounts, FromClerk, ToClerk};
use portreeve_wire::control::{self, Request};
use portreeve_wire::relay::{FromRelay, IdentReply, NamesAnswer, ToRelay};
use portreeve_wire::{
    MAX_PACKET, Phase, QuestionId, SessionId, compile, decode, encode, frame, split_frame,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr};

/// Requests over the control socket, and what it answers.
pub(super) const CONTROL: Target = Target {
    name: "control",
    about: "frames of the control socket: requests, which root reads, and answers",
    check: control,
    seeds: control_seeds,
    words: Vec::new,
    longest: 8 << 10,
};

/// What the clerk says, and what it is told.
pub(super) const CLERK: Target = Target {
    name: "clerk",
    about: "packets between root and the clerk, in both directions",
    check: |packet| Ok(signature([message::<FromClerk>(packet)?, message::<ToClerk>(packet)?])),
    seeds: clerk_seeds,
    words: Vec::new,
    longest: 8 << 10,
};

/// What the relay says, and what it is told.
pub(super) const RELAY: Target = Target {
    name: "relay",
    about: "packets between root and the relay, in both directions",
    check: |packet| Ok(signature([message::<FromRelay>(packet)?, message::<ToRelay>(packet)?])),
    seeds: relay_seeds,
    words: Vec::new,
    longest: 8 << 10,
};

/// The compiler's answer.
pub(super) const COMPILE: Target = Target {
    name: "compile",
    about: "the frame with which the compiler answers root",
    check: compiled,
    seeds: compile_seeds,
    words: Vec::new,
    longest: 64 << 10,
};

/// Reads a message; what was read must be the same when it is written and read again, and no
/// longer than it was.
fn message<T>(bytes: &[u8]) -> Result<&'static str, String>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let Ok(read) = decode::<T>(bytes) else { return Ok("refused") };
    let again = encode(&read, usize::MAX).map_err(|e| format!("read, but not writable: {e}"))?;
    if again.len() > bytes.len() {
        return Err(format!("{} bytes were read, {} written", bytes.len(), again.len()));
    }
    match decode::<T>(&again) {
        Ok(same) if same == read => Ok("read"),
        other => Err(format!("read as {read:?}, then as {other:?}")),
    }
}

/// A stream of frames, as the monitor takes it from a socket.
fn stream<T>(mut bytes: &[u8], limit: usize) -> Result<Vec<&'static str>, String>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let mut kinds = Vec::new();
    loop {
        match split_frame(bytes, limit) {
            Err(_) => kinds.push("too long"),
            Ok(None) => kinds.push("incomplete"),
            Ok(Some((body, used))) => {
                if used > bytes.len() || body.len() > limit || body.len() + 4 != used {
                    let (body, whole) = (body.len(), bytes.len());
                    return Err(format!("{used} of {whole} bytes for a body of {body}"));
                }
                kinds.push(message::<T>(body)?);
                bytes = bytes.get(used..).unwrap_or_default();
                continue;
            }
        }
        return Ok(kinds);
    }
}

fn control(bytes: &[u8]) -> Outcome {
    let mut kinds = stream::<Request>(bytes, control::MAX_REQUEST)?;
    kinds.extend(stream::<control::Answer>(bytes, control::MAX_ANSWER)?);
    Ok(signature(kinds))
}

fn compiled(bytes: &[u8]) -> Outcome {
    Ok(signature(stream::<compile::Answer>(bytes, compile::MAX_ANSWER)?))
}

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

fn control_seeds() -> Vec<Vec<u8>> {
    let explain = Request::Explain {
        service: "ssh".into(),
        peer: PEER,
        port: 4711,
        at: Some(-1),
        supposed: portreeve_model::Supposed::default(),
    };
    let events = Request::Events { json: true, last: 10, follow: true, colour: false };
    let asked = [Request::Status, explain, Request::Reload, Request::Stop(None), events];
    let mut seeds: Vec<_> =
        asked.iter().filter_map(|request| frame(request, control::MAX_REQUEST).ok()).collect();
    seeds.push(seeds.concat());
    let answers = [
        control::Answer::Failed("no".into()),
        control::Answer::Stopping { sessions: 3, parting: portreeve_model::Parting::Wait },
        control::Answer::ReloadRefused { findings: "error".into() },
    ];
    seeds.extend(answers.iter().filter_map(|answer| frame(answer, control::MAX_ANSWER).ok()));
    seeds
}

fn clerk_seeds() -> Vec<Vec<u8>> {
    let said = [
        FromClerk::Ready { landlock: Some(4), ledger: None },
        FromClerk::Bans { bans: Vec::new(), last: true },
        FromClerk::Stored(7),
        FromClerk::Authenticated { session: SessionId(3) },
        FromClerk::Alarm("the disk is full".into()),
        FromClerk::Booked(BookedCounts { charged: 7, nobody: 1, again: 3 }),
    ];
    let told = [ToClerk::Ping(1), ToClerk::Batch(Vec::new()), ToClerk::Finish];
    let said = said.iter().filter_map(|message| encode(message, MAX_PACKET).ok());
    said.chain(told.iter().filter_map(|message| encode(message, MAX_PACKET).ok())).collect()
}

fn relay_seeds() -> Vec<Vec<u8>> {
    let question = QuestionId(9);
    let names = NamesAnswer::Confirmed(vec!["a.example.org".into(), "b.example.org".into()]);
    let said = [
        FromRelay::Ready { landlock: None },
        FromRelay::Ended(SessionId(1)),
        FromRelay::Written { question, complete: true },
        FromRelay::Names { question, answer: names },
        FromRelay::Names { question, answer: NamesAnswer::Unconfirmed },
        FromRelay::Listed {
            question,
            answers: vec![ListAnswer::Listed("spam".into()), ListAnswer::NotListed],
        },
        FromRelay::Ident {
            question,
            answer: IdentReply::User { text: "UNIX : joe".into(), user: b" joe".into() },
        },
    ];
    let phases = [Phase::Starting, Phase::Working];
    let both = |message: &FromRelay| phases.iter().filter(|p| message.permitted(**p)).count() == 1;
    let said = said.iter().filter(|message| both(message));
    let told = [ToRelay::Names { question, peer: PEER }, ToRelay::Forget(question)];
    let said = said.filter_map(|message| encode(message, MAX_PACKET).ok());
    said.chain(told.iter().filter_map(|message| encode(message, MAX_PACKET).ok())).collect()
}

fn compile_seeds() -> Vec<Vec<u8>> {
    let refused = compile::Answer::Refused { findings: "error: no".into(), errors: 1 };
    let config = super::configuration::accepted();
    let compiled = config.into_iter().map(|config| compile::Answer::Compiled {
        config: Box::new(config),
        resolved: Box::default(),
        images: Vec::new(),
        findings: String::new(),
    });
    let read = compile::Outcome::Read { offset: 0, length: 1 << 12, entries: 7 };
    let mark = Mark::There { device: 1, inode: 2, size: 3, modified: (4, 5), changed: (6, 7) };
    let watched = Watched { path: "/etc/deny".into(), mark, reach: Reach::Local };
    let image =
        |source, outcome| compile::Image { source, outcome, watched: vec![watched.clone()] };
    let images = vec![
        image(SourceId(0), read),
        image(SourceId(1), compile::Outcome::Bad("no such file or directory".into())),
    ];
    let sources = compile::Answer::Sources { images, findings: String::new() };
    let answers = compiled.chain([refused, sources]);
    answers.filter_map(|answer| frame(&answer, compile::MAX_ANSWER).ok()).collect()
}
