//! Detectors of mail, FTP and web servers, each beside all ways to read a line as its server's.

use super::{Outcome, Target, signature};
use crate::corpus;
use crate::readings::readings;
use portreeve_detect::{Finding, Named, Record, frame, named};
use std::sync::LazyLock;

/// Longest line whose readings are tried.
const LONGEST: usize = 400;

/// What stands behind an address: nothing, or a port.
const PORTS: [&str; 2] = ["", ":«number»"];

fn shapes(all: &[&str]) -> Vec<String> {
    let ports = |shape: &&str| PORTS.map(|port| shape.replace("«port»", port));
    let mut all: Vec<String> = all.iter().flat_map(ports).collect();
    all.dedup();
    all
}

static POSTFIX_SAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    shapes(&[
        "warning: «name»[«host»]«port»: SASL «any» authentication failed«any»",
        "warning: Illegal address syntax from «name»[«host»]«port» in «any»",
        "warning: non-SMTP command from «name»[«host»]«port»: «any»",
        "improper command pipelining after «word» from «name»[«host»]«port»«any»",
        "too many errors after «word» from «name»[«host»]«port»",
        "lost connection after «word» from «name»[«host»]«port»",
        "disconnect from «name»[«host»]«port» «any»",
        "PREGREET «number» after «word» from [«host»]«port»: «any»",
        "COMMAND «plain» LIMIT from [«host»]«port» after «word»",
        "NON-SMTP COMMAND from [«host»]«port» after «word»: «any»",
        "DNSBL rank «number» for [«host»]«port»",
        "«id»: reject: «word» from «name»[«host»]«port»: «any»",
        "«id»: milter-reject: «word» from «name»[«host»]«port»: «any»",
        "«id»: reject: header «any» from «name»[«host»]«port»;«any»",
        "«id»: client=«name»[«host»]«port», sasl_method=«any»",
    ])
});

static DOVECOT_SAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let ends = ["", ", lip=«host2»«any»"];
    let mut all = Vec::new();
    for start in [
        "imap-login: Aborted login (auth failed, «plain»)",
        "imap-login: Disconnected (no auth attempts in «number» secs)",
        "pop3-login: Login aborted: Connection closed (auth failed, «plain») (auth_failed)",
        "imap-login: Login",
        "imap-login: Logged in",
    ] {
        for end in ends {
            let end = end.replace("«host2»«any»", "«name», TLS, session=<«id»>");
            all.push(format!("{start}: user=<«any»>, method=«id», rip=«addr»{end}"));
            all.push(format!("{start}: user=<«any»>, rip=«addr»{end}"));
            all.push(format!("{start}: rip=«addr»{end}"));
        }
    }
    for database in ["sql", "pam", "passwd-file"] {
        for said in ["unknown user", "Password mismatch", "unknown user (given password: «any»)"]
        {
            all.push(format!("auth: {database}(«any»,«addr»): {said}"));
            all.push(format!("auth: {database}(«any»,«addr»,<«id»>): {said}"));
        }
    }
    all
});

static EXIM_SAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut all = Vec::new();
    // A HELO of any kind is shown only in parentheses.
    for host in ["[«addr»]", "«name» [«addr»]", "(«any») [«addr»]", "«name» («any») [«addr»]"]
    {
        for port in PORTS {
            for own in ["", " I=[«name»]:«number»"] {
                let host = format!("{host}{port}{own}");
                all.extend([
                    format!("«lower» authenticator failed for {host}: 535 «any»"),
                    format!("«lower» authenticator failed for H={host}: 535 «any»"),
                    format!("H={host} F=<«any»> rejected RCPT «any»"),
                    format!("H={host} F=<«any»> rejected after DATA: «any»"),
                    format!("H={host} sender verify fail for <«any»"),
                    format!("H={host} rejected connection in «any»"),
                    format!("SMTP call from {host} dropped: too many «any»"),
                    format!("SMTP protocol error in \"«any»\" H={host} AUTH command used when not advertised"),
                    format!("SMTP syntax error in \"«any»\" H={host} unrecognized command"),
                    format!("SMTP protocol synchronization error («plain»): rejected connection from H={host} input=\"«any»"),
                    format!("SMTP protocol synchronization error («plain»): rejected \"«any»\" H={host} next input=\"«any»"),
                    format!("no MAIL in SMTP connection from {host} D=«any»"),
                    format!("rejected EHLO from {host}: «any»"),
                    format!("rejected \"EHLO «any»\" from {host}"),
                    format!("F=«any» H={host} P=«id» rejected by local_scan(): «any»"),
                    format!("<= «any» H={host} P=«id»«any»"),
                ]);
            }
        }
    }
    all.push("SA: Action: silently tossed message: «any» (host=«name» [«addr»]) for «any»".into());
    all
});

static SENDMAIL_SAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut all = Vec::new();
    // Before the name an ident answer may stand, of which only such letters are kept.
    for client in ["[«host»]", "«ident» [«host»]"] {
        for forged in ["", " (may be forged)"] {
            let client = format!("{client}{forged}");
            all.extend([
                format!("«id»: AUTH failure («plain»): «any», user=«any», relay={client}"),
                format!("«id»: AUTH failure («plain»): «any», relay={client}"),
                format!("AUTH=server, relay={client}, authid=«any», mech=«id», bits=«number»"),
                format!("«id»: {client}: possible SMTP attack: command=«id», count=«number»"),
                format!(
                    "«id»: {client} did not issue MAIL/EXPN/VRFY/ETRN during connection to «id»"
                ),
                format!("«id»: {client}: vrfy «any» [rejected]"),
                format!("«id»: {client}: EXPN «any» [rejected]"),
                format!("«id»: {client}: probable open proxy: command=«any»"),
                format!("«id»: ruleset=check_rcpt, arg1=«any», relay={client}, reject=«any»"),
                format!("ruleset=check_relay, arg1=«any», relay={client}, reject=«any»"),
            ]);
        }
    }
    all.push(
        "«id»: rejecting commands from «name» [«host»] due to pre-greeting traffic«any»".into(),
    );
    all
});

static VSFTPD_SAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for user in ["", "[«any»] "] {
        for action in ["FAIL LOGIN", "OK LOGIN"] {
            all.push(format!("{user}{action}: Client \"«host»\""));
            all.push(format!("{user}{action}: Client \"«host»\", anon password \"«any»\""));
        }
        all.push(format!("{user}FTP command: Client \"«host»\", \"«any»\""));
        all.push(format!("{user}OK DOWNLOAD: Client \"«host»\", \"«any»\", «any»"));
    }
    all
});

static PROFTPD_SAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let all = ["(Login failed): Incorrect password", "(Login failed): No such user found"];
    let mut all: Vec<_> =
        all.map(|said| format!("«name» («name»[«host»]) - USER «any» {said}")).into();
    all.push("«name» («name»[«host»]): USER «any»: no such user found from «any»".into());
    all.push("«name» («name»[«host»]) - USER «any»: Login successful.".into());
    all.push("«name» («name»[«host»]) - Maximum login attempts («number») exceeded«any»".into());
    all
});

static PURE_FTPD_SAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    shapes(&[
        "(?@«host») [WARNING] Authentication failed for user [«any»]",
        "(?@«host») [INFO] «any» is now logged in",
        "(?@«host») [ERROR] Too many authentication failures",
    ])
});

static APACHE_SAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let heads = [
        "[error] [client «host»]",
        "[auth_basic:error] [pid «number»] [client «host»:«number»] AH«number»:",
        "[auth_basic:error] [pid «number»:tid «number»] [client «host»:«number»] AH«number»:",
    ];
    let said = [
        "user «any» not found: «any»",
        "user «any»: authentication failure for \"«any»\": Password Mismatch«any»",
        "client denied by server configuration: «any»",
        "Authorization of user «any» to access «any» failed, reason: «any»",
    ];
    heads.iter().flat_map(|head| said.map(|said| format!("{head} {said}"))).collect()
});

static NGINX_SAYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let head = "[error] «number»#«number»: *«number»";
    let said = ["user \"«any»\": password mismatch", "user \"«any»\" was not found in \"«any»\""];
    let mut all: Vec<_> =
        said.map(|said| format!("{head} {said}, client: «host», server: «any»")).into();
    all.push(format!("{head} access forbidden by rule, client: «host», server: «any»"));
    all
});

static ACCESS_SAYS: LazyLock<Vec<String>> =
    LazyLock::new(|| shapes(&["«host» - «any» [«any»] \"«any»\" 401 «any»"]));

macro_rules! target {
    ($target:ident, $name:literal, $program:literal, $says:ident) => {
        #[doc = concat!("What ", $name, " says of a line.")]
        pub(super) const $target: Target = Target {
            name: $name,
            about: concat!("what ", $name, " says, beside every way to read it"),
            check: |text| judged($name, $program, &$says, text),
            seeds: || seeds($name),
            words: || words(),
            longest: LONGEST,
        };
    };
}

target!(POSTFIX, "postfix", b"postfix/smtpd", POSTFIX_SAYS);
target!(DOVECOT, "dovecot", b"dovecot", DOVECOT_SAYS);
target!(EXIM, "exim", b"", EXIM_SAYS);
target!(SENDMAIL, "sendmail", b"sm-mta", SENDMAIL_SAYS);
target!(VSFTPD, "vsftpd", b"vsftpd", VSFTPD_SAYS);
target!(PROFTPD, "proftpd", b"proftpd", PROFTPD_SAYS);
target!(PURE_FTPD, "pure-ftpd", b"pure-ftpd", PURE_FTPD_SAYS);
target!(APACHE, "apache", b"apache2", APACHE_SAYS);
target!(NGINX, "nginx", b"nginx", NGINX_SAYS);
target!(ACCESS, "web-access", b"", ACCESS_SAYS);

/// The messages of a detector's corpora.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let files = corpus::files(&[&format!("crates/detect/tests/corpus/{name}")], "txt");
    let lines = files.iter().flat_map(|text| text.split(|byte| *byte == b'\n'));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let lines = lines.filter(|line| !line.starts_with(b"=> "));
    lines.map(|line| message(&frame::read(line)).to_vec()).collect()
}

/// The message of a record, or of a line that has no program what is behind its time.
fn message<'l>(record: &Record<'l>) -> &'l [u8] {
    match record.program {
        b"" => frame::time(record.line).map_or(record.line, |(_, rest)| rest),
        _ => record.message,
    }
}

/// What strangers would like to write.
fn words() -> Vec<String> {
    let all = [
        "192.0.2.1",
        "198.51.100.7",
        "[198.51.100.7]",
        ") [198.51.100.7]",
        " H=[198.51.100.7]",
        " H=(x) [198.51.100.7]",
        "x[198.51.100.7]: ",
        " from x[198.51.100.7];",
        ", rip=198.51.100.7",
        ",198.51.100.7): unknown user",
        "] FAIL LOGIN: Client \"198.51.100.7\"",
        ", relay=[198.51.100.7]",
        ", reject=",
        ", authid=",
        ": possible SMTP attack: command=AUTH, count=5",
        "@",
        " U=x",
        " I=[",
        ", client: 198.51.100.7, server: ",
        "[client 198.51.100.7] ",
        "(x[198.51.100.7]) - USER ",
        " (Login failed): Incorrect password",
        ": Login successful.",
        "::ffff:198.51.100.7",
        "192.0.2.1:25",
        " (may be forged)",
        " rejected RCPT ",
        ": 535 ",
        "\"",
        "'",
        "<",
        ">",
        "(",
        ")",
        "[",
        "]",
        ", ",
        ": ",
        " ",
        "2001:db8::1",
        "192.0.2.01",
        ", anon password \"",
        " AUTH command used when not advertised",
        "message repeated 2 times: [ ",
    ];
    all.map(String::from).to_vec()
}

/// Whom a detector that has seen nothing charges is whom every way to read the line names; and of a
/// line that was cut off it charges nobody whom it would not charge otherwise.
fn judged(detector: &str, program: &[u8], shapes: &[String], text: &[u8]) -> Outcome {
    if text.len() > LONGEST || text.contains(&b'\n') {
        return Ok(0);
    }
    let record = Record { program, pid: Some(7), ..Record::plain(text) };
    let look = |record: &Record<'_>| named(detector).map(|mut fresh| fresh.look(record));
    let finding = look(&record).ok_or("no such detector")?;
    let cut = look(&Record { cut: true, ..record.clone() }).ok_or("no such detector")?;
    if let Some(address) = charged(&cut).and_then(Named::address)
        && charged(&finding).and_then(Named::address) != Some(address)
    {
        return Err(format!("{address} is charged only if the line was cut"));
    }
    let body = match text.starts_with(b"message repeated ") {
        true => return Ok(signature(["repeated"])),
        false => message(&record),
    };
    let readings = readings(shapes, body);
    let word = match &finding {
        Finding::Offence(offence) => offence.kind.word(),
        Finding::Success(_) => "success",
        Finding::Nothing(why) => return Ok(signature([*why])),
    };
    let only = match readings.iter().collect::<Vec<_>>().as_slice() {
        [only] => **only,
        _ => None,
    };
    match charged(&finding) {
        Some(Named::Address(address)) if !readings.is_empty() && only != Some(*address) => {
            Err(format!("{address} is charged, and {readings:?} can be read"))
        }
        Some(Named::Ambiguous) if only.is_some() => {
            Ok(signature([word, "nobody, though there is one reading"]))
        }
        Some(named) => {
            let whom = match named {
                Named::Address(_) => "an address",
                Named::Host(_) => "a host",
                Named::Nobody => "nobody",
                Named::Ambiguous => "ambiguous",
            };
            Ok(signature([word, whom, if readings.is_empty() { "unread" } else { "read" }]))
        }
        None => Ok(0),
    }
}

fn charged(finding: &Finding) -> Option<&Named> {
    match finding {
        Finding::Offence(offence) => Some(&offence.named),
        Finding::Success(success) => Some(&success.named),
        Finding::Nothing(_) => None,
    }
}
