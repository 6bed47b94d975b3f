//! Values of `bind`.

use super::super::codes;
use super::super::lex::Word;
use super::super::report::{Report, error, quote};
use super::{inet, name, pattern};
use portreeve_diag::Diagnostic;
use portreeve_model::{Bind, HostPattern, unmapped};
use std::net::{IpAddr, Ipv6Addr};

/// An address or a host name.
pub(in super::super) fn read(word: &Word, report: &mut Report<'_>) -> Option<Bind> {
    parse(word).map_err(|finding| report.push(*finding)).ok()
}

fn parse(word: &Word) -> Result<Bind, Box<Diagnostic>> {
    let text = word.text.as_str();
    if let Some(finding) = name::placeholder(word) {
        return Err(finding.into());
    }
    if text.contains(',') {
        return Err(pattern::comma(word).into());
    }
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Ok(Bind::Address(unmapped(IpAddr::V6(address))));
    }
    match inet::read(text) {
        Some(inet) if inet.plain => return Ok(Bind::Address(IpAddr::V4(inet.address))),
        Some(inet) => {
            let message = format!("{} means {}", quote(text), inet.address);
            let help = format!("write `{}` if that is meant", inet.address);
            return Err(error(codes::CLASSIC_ADDRESS, word.at, message).help(help).into());
        }
        None => {}
    }
    match name::host(text) {
        Some(HostPattern::Exact(host)) => Ok(Bind::Host(host)),
        Some(HostPattern::Below(_)) | None => {
            let message = format!("{} is neither an address nor a host name", quote(text));
            let help = "write one address of this host, without prefix length or scope";
            Err(error(codes::BAD_ADDRESS, word.at, message).help(help).into())
        }
    }
}
