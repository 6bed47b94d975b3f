//! tcpdmatch: what would be decided about a client.

use super::arguments::Arguments;
use super::asker::{LookUp, ask};
use super::dry;
use super::files::{Folder, Loaded};
use super::inetd::Inetd;
use super::names;
use crate::applet::Call;
use crate::say;
use crate::trouble::Trouble;
use portreeve_model::unmapped;
use portreeve_policy::wrappers::{Answers, Endpoint, Name, Request, Side, Start, User, expand};
use portreeve_sys::resolver::{Answer, addresses_of};
use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

const USAGE: &str = "usage: tcpdmatch [-d] [-i inet_conf] daemon[@host] [user@]host\n\
    \x20\x20\x20\x20-d: use allow/deny files in current directory\n\
    \x20\x20\x20\x20-i: location of inetd.conf file\n";

/// `tcpdmatch [-d] [-i inet_conf] daemon[@server] [user@]client`.
pub(crate) fn tcpdmatch(call: &Call) -> Result<ExitCode, Trouble> {
    let arguments = Arguments::read(call, "di").filter(|read| read.rest.len() == 2);
    let Some(Arguments { here, inetd, rest, .. }) = arguments else {
        say(USAGE);
        return Ok(ExitCode::FAILURE);
    };
    let rest: Vec<String> = rest.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let [daemon, client] = rest.as_slice() else { return Ok(ExitCode::FAILURE) };
    let inetd = match Inetd::open(inetd.as_deref()) {
        Ok(inetd) => inetd,
        Err(text) => {
            say(text);
            return Ok(ExitCode::FAILURE);
        }
    };
    let folder = if here { Folder::Current } else { Folder::Etc };
    let mut try_out = Try { loaded: folder.load(), out: Vec::new() };
    let done = try_out.about(daemon, client, inetd.as_ref());
    let written = io::stdout().write_all(&try_out.out);
    written.map_err(|error| Trouble::system("unable to write output", &error))?;
    Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A daemon or user, and a host. Here, other than in a rule, what begins with `@` is a host behind
/// nothing.
fn divided(text: &str) -> Option<(&str, &str)> {
    text.split_once('@')
}

struct Try {
    loaded: Loaded,
    out: Vec<u8>,
}

impl Try {
    fn print(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn warn(&mut self, text: &str) {
        self.print(&format!("warning: {text}\n"));
    }

    /// Whether everything named could be found.
    fn about(&mut self, daemon: &str, client: &str, inetd: Option<&Inetd>) -> bool {
        let (name, server) = divided(daemon).map_or((daemon, None), |(d, s)| (d, Some(s)));
        let name = match name.rsplit_once('/') {
            Some((_, base)) => {
                self.warn(&format!("{name}: daemon name normalized to: {base}"));
                base
            }
            None => name,
        };
        for text in inetd.into_iter().flat_map(|inetd| inetd.warnings_about(name)) {
            self.warn(&text);
        }
        let mut request = Request { daemon: name.as_bytes().to_vec(), ..Request::default() };
        request.pid = std::process::id();
        let (user, client) = divided(client).map_or((None, client), |(u, c)| (Some(u), c));
        let user = user.filter(|user| !user.is_empty());
        request.user = user.map_or(User::Unknown, |user| User::Known(user.as_bytes().to_vec()));
        request.server.name = Name::Unknown;
        if let Some(server) = server {
            let Some(mut ends) = self.ends(server) else { return false };
            if ends.len() > 1 {
                say(format!("Error: {server} has more than one address\n"));
                say("Please specify an address instead\n");
                return false;
            }
            request.server = ends.pop().unwrap_or_default();
            let address = request.server.address.as_deref().and_then(|it| it.parse().ok());
            if let (Some(address), Name::Unknown) = (address, &request.server.name) {
                request.server.name = names::name(address, &mut |_| {});
            }
        }
        let Some(clients) = self.ends(client) else { return false };
        for (number, client) in clients.into_iter().enumerate() {
            if number > 0 {
                self.print("\n");
            }
            self.one(&Request { client, ..request.clone() }, user);
        }
        true
    }

    /// The ends that a name or address stands for.
    fn ends(&mut self, host: &str) -> Option<Vec<Endpoint>> {
        if host.eq_ignore_ascii_case("unknown") {
            return Some(vec![Endpoint { name: Name::Unknown, ..Endpoint::default() }]);
        }
        if host.eq_ignore_ascii_case("paranoid") {
            return Some(vec![Endpoint { name: Name::Paranoid, ..Endpoint::default() }]);
        }
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let plain = bracketed.unwrap_or(host);
        let address = plain.split('%').next().unwrap_or(plain);
        if address.parse::<IpAddr>().is_ok() {
            // its name is not looked up, as if it had none
            let text = plain.to_owned();
            return Some(vec![Endpoint {
                address: Some(text),
                name: Name::Unknown,
                ..Endpoint::default()
            }]);
        }
        let found = match addresses_of(host.as_bytes(), names::LIMIT) {
            Answer::Found(found) if !found.addresses.is_empty() => found,
            Answer::Found(_) | Answer::Absent | Answer::Failed => {
                self.warn(&format!("{host}: host not found"));
                return None;
            }
        };
        let canonical = super::shown(&found.canonical);
        if !canonical.eq_ignore_ascii_case(host) {
            self.warn(&format!("{host}: hostname alias"));
            self.warn(&format!("(official name: {canonical})"));
        }
        let mut ends = Vec::new();
        for address in found.addresses {
            let mut warnings = Vec::new();
            let name = names::name(address, &mut |text| warnings.push(text.to_owned()));
            warnings.iter().for_each(|text| self.warn(text));
            if matches!(name, Name::Unknown | Name::Failed) {
                self.warn(&format!("host address {address}->name lookup failed"));
            }
            let address = Some(unmapped(address).to_string());
            ends.push(Endpoint { address, name, ..Endpoint::default() });
        }
        Some(ends)
    }

    fn one(&mut self, request: &Request, user: Option<&str>) {
        self.side("client", &request.client);
        let user = user.filter(|user| !user.eq_ignore_ascii_case("unknown"));
        let user = user.map_or(&b""[..], |_| b"client:   username %u\n");
        self.expanded(user, request);
        self.side("server", &request.server);
        if !request.daemon.eq_ignore_ascii_case(b"unknown") {
            self.expanded(b"server:   process  %d\n", request);
        }
        let mut request = request.clone();
        let mut told = Told(Vec::new());
        let mut answers = Answers::default();
        let start = Start::Beginning;
        let decided = ask(&self.loaded.tables, &mut request, &mut answers, start, &mut told);
        let mut out = told.0;
        if let Some(found) = decided.found {
            let path = self.loaded.path(found.which);
            out.extend_from_slice(format!("matched:  {path} line {}\n", found.line).as_bytes());
        }
        let mut told = Told(Vec::new());
        let mut lines = Vec::new();
        let access = dry::run(&decided, &mut request, &mut told, &self.loaded, &mut |line| {
            lines.extend_from_slice(line);
        });
        out.extend(told.0);
        out.extend(lines);
        self.out.extend(out);
        self.print(&format!("access:   {}\n", access.word()));
    }

    /// With what a peer could have chosen made harmless.
    fn expanded(&mut self, text: &[u8], request: &Request) {
        let text = expand(text, &mut request.clone(), &mut |_, _| {});
        self.out.extend(text.map(|(text, _)| text).unwrap_or_default());
    }

    fn side(&mut self, what: &str, end: &Endpoint) {
        let name = match &end.name {
            Name::Known(name) => Some(super::shown(name)),
            Name::Paranoid => Some("paranoid".to_owned()),
            Name::NotAsked | Name::Unknown | Name::Failed => None,
        };
        if let Some(name) = name {
            self.print(&format!("{what}:   hostname {name}\n"));
        }
        if let Some(address) = &end.address {
            self.print(&format!("{what}:   address  {address}\n"));
        }
    }
}

/// Everything is known beforehand; warnings are kept.
struct Told(Vec<u8>);

impl LookUp for Told {
    fn name(&mut self, _: &Request, _: Side) -> Name {
        Name::Unknown
    }

    fn user(&mut self, _: &Request) -> User {
        User::Unknown
    }

    fn warn(&mut self, text: &str) {
        self.0.extend_from_slice(format!("warning: {text}\n").as_bytes());
    }
}
