//! try-from: what is known of who started it (through a super-server).

use super::asker::{LookUp, fill};
use super::expansion::expanded;
use super::socket::{Ends, Kind, endpoint, ends};
use super::{ident, names};
use crate::applet::Call;
use crate::say;
use crate::trouble::Trouble;
use portreeve_policy::wrappers::{Answers, Name, Need, Request, Side, User};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

/// How long an ident server may take.
const IDENT: Duration = Duration::from_secs(10);

const LINES: [(&str, &str); 8] = [
    ("client address  (%%a)", "%a"),
    ("client hostname (%%n)", "%n"),
    ("client username (%%u)", "%u"),
    ("client info     (%%c)", "%c"),
    ("server address  (%%A)", "%A"),
    ("server hostname (%%N)", "%N"),
    ("server process  (%%d)", "%d"),
    ("server info     (%%s)", "%s"),
];

/// `try-from`: eight lines.
pub(crate) fn try_from(call: &Call) -> Result<ExitCode, Trouble> {
    let mut seen = Seen { ends: ends() };
    let mut request = Request {
        daemon: call.name.as_bytes().to_vec(),
        client: endpoint(seen.ends.client),
        server: endpoint(seen.ends.server),
        pid: std::process::id(),
        ..Request::default()
    };
    fill(Need::User, &mut request, &mut Answers::default(), &mut seen);
    let mut out = Vec::new();
    for (label, letter) in LINES {
        let line = expanded(format!("{label}: {letter}\n").as_bytes(), &mut request, &mut seen);
        out.extend(line.unwrap_or_default());
    }
    let written = io::stdout().write_all(&out);
    written.map_err(|error| Trouble::system("unable to write output", &error))?;
    Ok(ExitCode::SUCCESS)
}

struct Seen {
    ends: Ends,
}

impl LookUp for Seen {
    fn name(&mut self, _: &Request, side: Side) -> Name {
        let end = match side {
            Side::Client => self.ends.client,
            Side::Server => self.ends.server,
        };
        match end {
            Some(address) => {
                names::name(address.ip(), &mut |text| say(format!("warning: {text}\n")))
            }
            None => Name::Unknown,
        }
    }

    fn user(&mut self, _: &Request) -> User {
        match &self.ends {
            Ends { kind: Kind::Stream, client: Some(client), server: Some(server), .. } => {
                ident::user(*server, *client, IDENT)
            }
            _ => User::Unknown,
        }
    }

    fn warn(&mut self, text: &str) {
        say(format!("warning: {text}\n"));
    }
}
