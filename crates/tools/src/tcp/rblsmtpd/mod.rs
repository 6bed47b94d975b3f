//! `rblsmtpd`: a mail server for those whom no list has, and a refusal for the others.

mod talk;

use super::counted;
use crate::applet::Call;
use crate::chain::Program;
use crate::options::Options;
use crate::say;
use crate::trouble::Trouble;
use portreeve_sys::Pid;
use portreeve_sys::question::{Kind, ask};
use portreeve_sys::resolver::Answer;
use portreeve_ucspi::rbl::{Judge, Reply, Source, Verdict, Zone, name, preset, records};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;
use std::time::Duration;

/// The letters; a colon follows one that takes a value.
const LETTERS: &str = "bBcCt:r:a:";

/// How long the refusal may take, unless `-t` says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long one question may take, however long resolv.conf would try: a client waits for all of them.
const LOOK_UP: Duration = Duration::from_secs(30);

/// `rblsmtpd OPTIONS PROGRAM…`: becomes the program, or turns the client away.
pub(crate) fn rblsmtpd(call: &Call) -> Result<ExitCode, Trouble> {
    let mut options = Options::of(call, LETTERS);
    let wanted = Wanted::of(&mut options)?;
    let program = Program::of(options.operands()).ok_or(Trouble::Usage)?;
    let address = variable("TCPREMOTEIP").unwrap_or_default();
    let verdict = match variable("RBLSMTPD") {
        Some(variable) => preset(&variable),
        None => judged(&wanted.sources, &address),
    };
    let Verdict::Refuse(refusal) = verdict else { return Err(program.run()) };
    let line = refusal.line();
    let head = format!(" pid {}: ", Pid::own());
    say([b"rblsmtpd: ", address.as_slice(), head.as_bytes(), &line, b"\n"].concat());
    talk::talk(&line, wanted.patience);
    Ok(ExitCode::SUCCESS)
}

fn variable(name: &str) -> Option<Vec<u8>> {
    std::env::var_os(name).map(OsString::into_vec)
}

/// What the options say.
#[derive(Debug)]
struct Wanted {
    sources: Vec<Source>,
    patience: Duration,
}

impl Wanted {
    /// `-b` and `-c` are about the sources behind them.
    fn of(options: &mut Options<'_>) -> Result<Self, Trouble> {
        let mut wanted = Self { sources: Vec::new(), patience: PATIENCE };
        let (mut bounce, mut closed) = (false, false);
        while let Some(chosen) = options.take()? {
            let mut add = |zone, base: &[u8]| {
                wanted.sources.push(Source { zone, base: base.to_vec(), bounce, closed });
            };
            let value = chosen.value;
            match chosen.letter {
                b'b' => bounce = true,
                b'B' => bounce = false,
                b'c' => closed = true,
                b'C' => closed = false,
                b't' => {
                    let seconds = counted('t', value, 0, u32::MAX)?;
                    wanted.patience = Duration::from_secs(u64::from(seconds));
                }
                b'a' => add(Zone::Anti, value),
                _ => match value.iter().position(|byte| *byte == b':') {
                    Some(end) => {
                        let (base, words) = value.split_at_checked(end).unwrap_or_default();
                        let words = words.strip_prefix(b":").unwrap_or(words);
                        add(Zone::ListedWith(words.to_vec()), base);
                    }
                    None => add(Zone::Listed, value),
                },
            }
        }
        Ok(wanted)
    }
}

/// Asks one after the other, until one decides. No address to ask about is as good as no answer.
fn judged(sources: &[Source], address: &[u8]) -> Verdict {
    let mut judge = Judge::default();
    for source in sources {
        let reply = match name(address, &source.base) {
            Some(name) => asked(&name, &source.zone),
            None => Reply::Failed,
        };
        if let Some(verdict) = judge.hear(address, source, &reply) {
            return verdict;
        }
    }
    Verdict::Admit
}

fn asked(name: &[u8], zone: &Zone) -> Reply {
    let kind = match zone {
        Zone::Listed => Kind::Txt,
        Zone::Anti | Zone::ListedWith(_) => Kind::A,
    };
    match ask(name, kind, LOOK_UP) {
        Answer::Found(packet) => records(&packet).map_or(Reply::Failed, Reply::Found),
        Answer::Absent => Reply::Absent,
        Answer::Failed => Reply::Failed,
    }
}
