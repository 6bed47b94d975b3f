//! tcprulescheck: which rule of a database decides.

use crate::applet::Call;
use crate::cdb::contents;
use crate::trouble::Trouble;
use portreeve_ucspi::cdb::Reader;
use portreeve_ucspi::rules::{Action, Peer, Stored, items, look_up};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

/// `tcprulescheck RULES.CDB`, for the peer that `TCPREMOTEIP`, `TCPREMOTEHOST` and `TCPREMOTEINFO`
/// name.
pub(crate) fn check(call: &Call) -> Result<ExitCode, Trouble> {
    let [place, ..] = call.arguments.as_slice() else { return Err(Trouble::Usage) };
    let deed = format!("unable to read {}", place.display());
    let file = File::open(place).map_err(|error| Trouble::system(&deed, &error))?;
    let bytes = contents(file).map_err(|error| Trouble::system(&deed, &error))?;
    if bytes.is_empty() {
        return Err(Trouble::because(&deed, "invalid argument"));
    }
    let reader = Reader::new(&bytes);
    let variable = |name| std::env::var_os(name).map(OsString::into_vec);
    let address = variable("TCPREMOTEIP").unwrap_or_else(|| b"0.0.0.0".to_vec());
    let (host, info) = (variable("TCPREMOTEHOST"), variable("TCPREMOTEINFO"));
    let peer = Peer { address: &address, host: host.as_deref(), info: info.as_deref() };
    let decided = look_up(&peer, |key| reader.get(key));
    let decided = decided.map_err(|_| Trouble::because(&deed, "protocol error"))?;
    let mut out = Vec::new();
    match &decided {
        None => out.extend_from_slice(b"default:\nallow connection\n"),
        Some((key, data)) => said(&mut out, key, data),
    }
    let written = io::stdout().write_all(&out);
    written.map_err(|error| Trouble::system("unable to write output", &error))?;
    Ok(ExitCode::SUCCESS)
}

/// The rule, in the ancestor's words.
fn said(out: &mut Vec<u8>, key: &[u8], data: &[u8]) {
    for part in [b"rule ", key, b":\n"] {
        out.extend_from_slice(part);
    }
    if Stored::parse(data).action == Action::Deny {
        out.extend_from_slice(b"deny connection\n");
        return;
    }
    // as they are stored: also those without a `=`, which set nothing
    for setting in items(data).filter_map(|item| item.strip_prefix(b"+")) {
        for part in [&b"set environment variable "[..], setting, b"\n"] {
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(b"allow connection\n");
}
