//! Small files of the host that are read beside a configuration.

use super::{Outcome, Target, signature};
use portreeve_dialect::services::Table;

/// /etc/services.
pub(super) const SERVICES: Target = Target {
    name: "services",
    about: "services(5)",
    check: services,
    seeds: || vec![b"ssh 22/tcp secure\n# c\nwww 80/tcp http # x\nbad /tcp\ndns 53/udp\n".into()],
    words: || ["tcp", "udp", "/", "22/tcp", "65536/tcp"].map(String::from).to_vec(),
    longest: 64 << 10,
};

fn services(bytes: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(bytes);
    let table = Table::parse(&text);
    let ports = ["ssh", "www", "http", "dns"].map(|name| table.port(name, "tcp").is_some());
    Ok(signature(ports.map(|found| if found { "found" } else { "absent" })))
}
