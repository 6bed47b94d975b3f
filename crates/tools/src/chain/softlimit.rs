//! softlimit: a program that may use so much, and no more.

use super::Program;
use crate::applet::Call;
use crate::options::{Options, number};
use crate::trouble::Trouble;
use portreeve_sys::Resource;
use portreeve_sys::limits::{self, Limit};
use std::process::ExitCode;

/// `softlimit OPTIONS PROGRAM`: soft limits, each at most the hard one; `=` is the hard one itself.
pub(crate) fn softlimit(call: &Call) -> Result<ExitCode, Trouble> {
    let mut options = Options::of(call, "a:c:d:f:l:m:o:p:r:s:t:");
    let mut wanted = Vec::new();
    while let Some(chosen) = options.take()? {
        let value = Value::parse(chosen.value).ok_or(Trouble::Usage)?;
        wanted.extend(resources(chosen.letter).iter().map(|resource| (*resource, value)));
    }
    // before the limits: with little memory left nothing can be prepared
    let program = Program::of(options.operands()).ok_or(Trouble::Usage)?.ready()?;
    for (resource, value) in wanted {
        set(resource, value)?;
    }
    Err(program.run())
}

/// How much.
#[derive(Clone, Copy)]
enum Value {
    /// As much as the hard limit says.
    Hard,
    At(u64),
}

impl Value {
    fn parse(text: &[u8]) -> Option<Self> {
        match (text, number(text)) {
            (b"=", _) => Some(Self::Hard),
            (_, (wanted, b"")) => Some(Self::At(wanted)),
            _ => None,
        }
    }
}

fn resources(letter: u8) -> &'static [Resource] {
    use Resource as R;
    match letter {
        b'a' => &[R::AddressSpace],
        b'c' => &[R::Core],
        b'd' => &[R::Data],
        b'f' => &[R::FileSize],
        b'l' => &[R::MemLock],
        b'm' => &[R::Data, R::Stack, R::MemLock, R::AddressSpace],
        b'o' => &[R::OpenFiles],
        b'p' => &[R::Processes],
        b'r' => &[R::ResidentSet],
        b's' => &[R::Stack],
        b't' => &[R::Cpu],
        _ => &[],
    }
}

fn set(resource: Resource, value: Value) -> Result<(), Trouble> {
    let Limit { hard, .. } = limits::get(resource);
    let soft = match value {
        Value::Hard => hard,
        Value::At(wanted) => Some(hard.map_or(wanted, |hard| wanted.min(hard))),
    };
    limits::set(resource, Limit { soft, hard })
        .map_err(|error| Trouble::system("unable to set a limit", &error))
}
