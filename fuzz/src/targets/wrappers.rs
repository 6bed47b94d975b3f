//! hosts.allow and hosts.deny: read, and decided.

use super::{Outcome, Target, signature};
use portreeve_diag::{Diagnostics, Sources};
use portreeve_dialect::wrappers::{list_file, read, shadowed};
use portreeve_model::wrappers::{ListFile, Table, Tables, Which};
use portreeve_policy::Said;
use portreeve_policy::wrappers::{
    Answers, Decided, Decision, End, Endpoint, Name, Need, Request, Side, Start, User, decide,
    expand,
};

pub(super) const WRAPPERS: Target = Target {
    name: "wrappers",
    about: "hosts_access(5) and hosts_options(5): what rules say of clients",
    check: wrappers,
    seeds: || {
        let rules = [
            "sshd: ALL EXCEPT 10.0.0.0/8 : deny\nALL@192.0.2.1: .example.org \\\n 2001:db8::\n\
             in.ftpd, 22: LOCAL: spawn (/bin/echo %h:%d) &\n# c\n",
            "ALL: joe@192.0.2. @group /list [2001:db8::]/32 192.0.2.0/255.255.255.0: aclexec x %u : allow\n",
            "# c \\\nsshd: UNKNOWN : severity mail.info : twist echo \\: %n\n  # d\nALL: ALL",
        ];
        rules.map(|text| text.as_bytes().to_vec()).to_vec()
    },
    words: || {
        let words = [
            "ALL", "EXCEPT", "sshd", ":", "\\\n", "LOCAL", "KNOWN", "UNKNOWN", "PARANOID", "deny",
            "allow", "spawn", "twist", "aclexec", "severity", "@", "@group", "/list", "[", "]",
            "[::1]", "/24", "/33", "192.0.2.", "*", "#", "\n#", "\\:", "joe@", "%n", "banners",
        ];
        words.map(String::from).to_vec()
    },
    longest: 64 << 10,
};

fn wrappers(bytes: &[u8]) -> Outcome {
    // a rule for everybody behind any text
    let guarded = [bytes, b"\n\nALL: ALL\n"].concat();
    let (mut sources, mut findings) = (Sources::new(), Diagnostics::new());
    let mut tables = Tables::default();
    let mut read =
        |which, text: &[u8]| Table::Rules(read(which, "f", text, &mut sources, &mut findings));
    tables.deny = read(Which::Deny, &guarded);
    let mut kinds = Vec::new();
    for name in
        [Name::Unknown, Name::Paranoid, Name::Failed, Name::Known(b"a.example.org".to_vec())]
    {
        kinds.push(guards(&tables, name)?);
    }
    tables.allow = read(Which::Allow, bytes);
    shadowed(&tables, &sources, &mut findings);
    let decided = decided(&tables, &mut request(Name::NotAsked), Start::Beginning)?;
    kinds.push(format!("{:?} {}", decided.end, decided.settings.len().min(4)));
    kinds.extend(findings.iter().map(|finding| finding.code.to_string()));
    let _ = list_file(bytes);
    let _ = expand(bytes, &mut request(Name::Unknown), &mut |_, _| {});
    Ok(signature(kinds.iter().map(String::as_str)))
}

fn request(name: Name) -> Request {
    let client = Endpoint { address: Some("192.0.2.10".into()), port: 4711, name };
    let server = Endpoint { address: Some("2001:db8::1".into()), port: 22, name: Name::NotAsked };
    Request { daemon: b"sshd".to_vec(), client, server, ..Request::default() }
}

/// Nobody is granted but by a rule that says so.
fn guards(tables: &Tables, name: Name) -> Result<String, String> {
    let decided = decided(tables, &mut request(name), Start::Beginning)?;
    match (decided.end, decided.found) {
        (End::Granted, None) => Err("a rule for everybody was lost".into()),
        (end, found) => Ok(format!("{end:?} {}", found.is_some())),
    }
}

/// Decides, with an answer for every question.
fn decided<'r>(
    tables: &'r Tables,
    request: &mut Request,
    start: Start,
) -> Result<Decided<'r>, String> {
    let mut answers = Answers::default();
    for _ in 0..100_000 {
        let need = match decide(tables, request, &answers, start) {
            Decision::Decided(decided) => return Ok(decided),
            Decision::Need(need, _) => need,
        };
        match need {
            Need::Name(Side::Client) => request.client.name = Name::Paranoid,
            Need::Name(Side::Server) => request.server.name = Name::Known(b"door".to_vec()),
            Need::User => request.user = User::Known(b"joe".to_vec()),
            Need::List(path) => {
                answers.lists.insert(path, ListFile::Missing);
            }
            Need::Netgroup { group, host } => {
                answers.netgroups.insert((group, host), Said::Yes);
            }
        }
    }
    Err("it asks without end".into())
}
