//! Small files of the host that are read beside a configuration.

use super::{Outcome, Target, signature};
use portreeve_diag::FileId;
use portreeve_dialect::services::Table;
use portreeve_dialect::wrappers::applicable;

/// /etc/services.
pub(super) const SERVICES: Target = Target {
    name: "services",
    about: "services(5)",
    check: services,
    seeds: || vec![b"ssh 22/tcp secure\n# c\nwww 80/tcp http # x\nbad /tcp\ndns 53/udp\n".into()],
    words: || ["tcp", "udp", "/", "22/tcp", "65536/tcp"].map(String::from).to_vec(),
    longest: 64 << 10,
};

/// hosts.allow and hosts.deny.
pub(super) const WRAPPERS: Target = Target {
    name: "wrappers",
    about: "hosts_access(5): which rules concern a service",
    check: wrappers,
    seeds: || {
        let rules = "sshd: ALL EXCEPT 10.0.0.0/8 : deny\nALL@192.0.2.1: .example.org \\\n 2001:db8::\n\
                     in.ftpd, 22: LOCAL: spawn (/bin/echo %h:%d) &\n# c\n";
        vec![rules.into()]
    },
    words: || {
        let words = ["ALL", "EXCEPT", "sshd", ":", "\\\n", "LOCAL", "deny", "allow", "spawn", "@"];
        words.map(String::from).to_vec()
    },
    longest: 64 << 10,
};

fn services(bytes: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(bytes);
    let table = Table::parse(&text);
    let ports = ["ssh", "www", "http", "dns"].map(|name| table.port(name, "tcp").is_some());
    Ok(signature(ports.map(|found| if found { "found" } else { "absent" })))
}

fn wrappers(bytes: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(bytes);
    let rules = applicable(FileId(0), &text, "sshd", &[22]);
    for rule in &rules {
        let (start, end) = (rule.at.start as usize, rule.at.end as usize);
        if text.get(start..end).is_none() {
            return Err(format!("a rule at {start}..{end} of {} bytes", text.len()));
        }
    }
    Ok(signature([format!("{}", rules.len().min(40)).as_str()]))
}
