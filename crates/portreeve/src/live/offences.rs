//! `portreeve offences`.

use super::asked;
use crate::args::OffencesArgs;
use crate::exit::{Exit, Failure};
use crate::moment;
use crate::paths::Paths;
use crate::render::lines::{Escapes, harmless};
use crate::render::offences;
use crate::terminal::{self, Form, Reader};
use jiff::tz::TimeZone;
use portreeve_wire::asked::{Line, Offences, Question};
use std::io;

/// How many are shown where nobody says, newest last.
const LAST: u32 = 20;

/// Shows offences, the oldest first, then those that happen; JSON is one a line.
pub(crate) fn run(args: &OffencesArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let zone = TimeZone::system();
    let since = args.since.as_deref().map(|text| since(text, &zone)).transpose()?;
    let wanted = Offences {
        since,
        peer: args.peer,
        service: args.service.clone(),
        kind: args.kind,
        last: args.last.unwrap_or(if since.is_some() { u32::MAX } else { LAST }),
        follow: args.follow,
    };
    let mut lines = asked::ask(paths, Question::Offences(wanted))?;
    let mut out = io::stdout().lock();
    while let Some(line) = lines.next()? {
        let offence = match line {
            Line::Offence(offence) => offence,
            Line::End if args.follow => continue,
            Line::End => return Ok(Exit::Yes),
            Line::Cut(why) => return Err(Failure::new(Exit::Unavailable, why)),
            Line::Ban(_) | Line::Success(_) | Line::Pardon(_) | Line::Standing(_) => continue,
        };
        let text = match form {
            Form::Json => {
                let json = serde_json::to_string(&offence).unwrap_or_default();
                harmless(&json, Escapes::Json)
            }
            Form::Text(paint) => offences::line(&offence, &zone, paint),
        };
        match terminal::write_all(&mut out, text.as_bytes()) {
            Ok(Reader::There) => {}
            Ok(Reader::Gone) => return Ok(Exit::Yes),
            Err(error) => return Err(Failure::system("write to standard output", &error)),
        }
    }
    Err(Failure::new(Exit::Unavailable, "the door's clerk has gone: ask again"))
}

/// Milliseconds since the epoch: of a moment, or of so long ago.
fn since(text: &str, zone: &TimeZone) -> Result<u64, Failure> {
    let now = moment::now();
    let at = match portreeve_config::duration(text) {
        Ok(ago) => now
            .as_millisecond()
            .saturating_sub_unsigned(u64::try_from(ago.as_millis()).unwrap_or(u64::MAX)),
        Err(_) => moment::parse(text, now, zone)?.as_millisecond(),
    };
    Ok(u64::try_from(at).unwrap_or(0))
}
