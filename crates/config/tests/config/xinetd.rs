//! xinetd configurations, printed as native TOML, mean the same.

use crate::common::{Host, bytes, findings, here, main};
use portreeve_config::{Entry, print};
use portreeve_model::Dialect;

/// Every attribute whose meaning the model holds, in shapes native TOML has another word for.
pub(crate) const WIDE: &str = r#"
defaults
{
    log_type = SYSLOG authpriv notice
    log_on_success = HOST PID
    log_on_failure = HOST
    cps = 25 30
    instances = 60
}

service web
{
    id = web-six
    type = UNLISTED
    flags = IPv6 KEEPALIVE NODELAY NAMEINARGS NOLIBWRAP
    socket_type = stream
    protocol = tcp
    port = 8080
    wait = no
    user = 33
    group = nogroup
    groups = yes
    umask = 027
    nice = -5
    server = /usr/sbin/httpd
    server_args = httpd:door -q "quoted word"
    env = LANG=C LANG=de PATH=/bin
    passenv = TZ HOME
    rlimit_as = 256M
    rlimit_cpu = 60
    rlimit_files = UNLIMITED
    rlimit_stack = 8K
    only_from = 10.0.0.0 10.1.{2,3} 192.0.2.7 2001:db8::/32 .example.org gate.example.org
    no_access = 10.1.2.3
    access_times = 08:00-12:30 13:00-23:59
    per_source = 5
    max_load = 2.5
    banner = /etc/issue.net
    banner_success = /etc/welcome
    banner_fail = /etc/go-away
    log_type = FILE /var/log/web.log 100k 200k
    log_on_success += DURATION EXIT USERID
    log_on_failure = ATTEMPT
}

service web
{
    id = web-host
    type = UNLISTED
    flags = IPv4 IDONLY
    bind = gate.example.org
    socket_type = stream
    protocol = tcp
    port = 8081
    wait = no
    user = root
    server = /bin/cat
    passenv =
    only_from =
    instances = UNLIMITED
    log_on_success = USERID
}

service echo
{
    type = INTERNAL
    socket_type = stream
    wait = no
    instances = 0
}

service decoy
{
    type = INTERNAL UNLISTED
    flags = SENSOR
    socket_type = stream
    protocol = tcp
    port = 2323
    wait = no
    deny_time = FOREVER
}
"#;

pub(crate) fn host(text: impl AsRef<[u8]>) -> Host {
    Host::default()
        .with("/etc/xinetd.conf", text)
        .with("/etc/services", "echo 7/tcp\nrootexternalssh 33333/tcp\n")
}

/// Whether the text was accepted; if so, what is printed of it must mean the same.
pub(crate) fn survives(text: impl AsRef<[u8]>) -> bool {
    let loaded = host(text).load(&Entry::Xinetd("/etc/xinetd.conf".into()));
    let Some(config) = loaded.config else { return false };
    let printed = print(&config);
    let again = Host::default().with("/etc/portreeve/portreeve.toml", &printed).load(&main());
    assert_eq!(again.config.as_ref(), Some(&config), "{}\n{printed}", findings(&again));
    true
}

#[test]
fn a_program_without_a_base_name_asks_hosts_access_under_the_services() {
    let text =
        "service ssh\n{\n socket_type = stream\n wait = no\n user = root\n server = /usr/\n}\n";
    let loaded = host(text).load(&Entry::Xinetd("/etc/xinetd.conf".into()));
    let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{}", findings(&loaded)));
    let uses = config.services[0].admission.wrappers.as_ref().map(|uses| uses.daemon.as_str());
    assert_eq!(uses, Some("ssh"));
    assert!(survives(text) && survives(text.replace("/usr/", &format!("/{}", "x".repeat(300)))));
}

#[test]
fn every_attribute_survives_the_print() {
    let loaded = host(WIDE).load(&Entry::Xinetd("/etc/xinetd.conf".into()));
    let config = loaded.config.as_ref().unwrap_or_else(|| panic!("{}", findings(&loaded)));
    assert_eq!(config.services.len(), 4);
    let rules = &config.services[0].admission.lists[0].deny;
    assert_eq!(rules[0].origin.dialect, Dialect::Xinetd);
    let printed = print(config);
    assert!(printed.contains("\"10.1.2.3\",  # /etc/xinetd.conf:34:17"), "{printed}");
    assert!(survives(WIDE));
}

#[test]
fn the_dialect_s_corpus_survives_the_print() {
    let mut read = 0;
    for entry in here("../dialect/tests/corpus/xinetd").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "conf") && survives(bytes(&path)) {
            read += 1;
        }
    }
    assert!(read >= 2, "{read}");
}

#[test]
fn an_empty_xinetd_configuration_is_told_in_its_own_language() {
    let mut host = Host::default().with("/etc/xinetd.conf", "defaults\n{\n}\n");
    let loaded = host.load(&Entry::Xinetd("/etc/xinetd.conf".into()));
    let told = findings(&loaded);
    assert!(told.contains("warning[no-services]"), "{told}");
    assert!(told.contains("write `disable = no` in the entry of a service"), "{told}");
}
