//! A configuration as people have it.

use crate::support::{LEAST, config};
use portreeve_dialect::denyhosts::EmailMethod;

#[test]
fn every_value_is_read() {
    let text = "  # a comment\n\nsecure_log: /var/log/secure\nHosts_Deny=/etc//hosts.deny\n\
        PURGE_DENY = 5 d\nPURGE_THRESHOLD = 2\nBLOCK_SERVICE =\n\
        DENY_THRESHOLD_INVALID = 5\nDENY_THRESHOLD_VALID = 1_0\nDENY_THRESHOLD_ROOT = +1\n\
        DENY_THRESHOLD_RESTRICTED = 2\nWORK_DIR = /usr/share/denyhosts/data\nETC_DIR =\n\
        LOCK_FILE = /var/lock/subsys/denyhosts\nADMIN_EMAIL = a@example.org, root@$[HOSTNAME]\n\
        SMTP_FROM = DenyHosts <nobody@$[HOSTNAME]>\nSMTP_SUBJECT = $[AGAIN] = $[x]\n\
        EMAIL_METHOD = sendmail\nSMTP_SSL = Y\nRESET_ON_SUCCESS = YES\nDAEMON_LOG =\n\
        USERDEF_FAILED_ENTRY_REGEX = a #(?P<host>.*)\nUSERDEF_FAILED_ENTRY_REGEX = b(?P<host>.*)\n\
        PLUGIN_DENY = /bin/a -x, \"/opt/my b\"\nPLUGIN_PURGE = /bin/c\nAGE_RESET_ROOT = 25d\n\
        IPTABLES = /sbin/iptables\nBLOCKPORT = 22 ,80\nPFCTL_PATH = /sbin/pfctl\nPF_TABLE = bad\n";
    let (settings, codes, ..) = config(text);
    assert!(codes.is_empty(), "{codes:?}");
    let s = settings.unwrap();
    assert_eq!(
        (s.secure_log.as_str(), s.hosts_deny.as_str()),
        ("/var/log/secure", "/etc/hosts.deny")
    );
    assert_eq!((s.purge_deny, s.purge_threshold, s.block_service), (Some(432_000), Some(2), None));
    assert_eq!((s.thresholds.valid, s.thresholds.root, s.thresholds.restricted), (10, 1, 2));
    assert_eq!((s.resets.root, s.resets.valid), (Some(2_160_000), None));
    assert_eq!((s.etc_dir.as_str(), s.daemon_log, s.daemon_sleep), ("/etc", None, 30));
    assert_eq!(s.admin_email, ["a@example.org", "root@gate"]);
    assert_eq!(s.smtp.from.as_deref(), Some("DenyHosts <nobody@gate>"));
    assert_eq!(s.smtp.subject.as_deref(), Some("$[AGAIN] = $[x]"), "put in once");
    assert_eq!((s.email_method, s.smtp.ssl, s.smtp.port), (EmailMethod::Sendmail, true, 25));
    assert_eq!(
        s.userdef.iter().map(|(t, _)| t.as_str()).collect::<Vec<_>>(),
        ["a #(?P<host>.*)", "b(?P<host>.*)"]
    );
    assert_eq!(s.plugin_deny, [vec!["/bin/a", "-x"], vec!["/opt/my b"]]);
    assert_eq!(s.plugin_purge.unwrap(), ["/bin/c"]);
    assert_eq!(
        (s.block_port.as_deref(), s.pf),
        (Some("22,80"), Some(("/sbin/pfctl".into(), "bad".into())))
    );
    assert!(s.reset_on_success);
}

#[test]
fn blank_and_missing_values_are_what_goes_without_saying() {
    let (settings, codes, ..) = config(LEAST);
    assert!(codes.is_empty());
    let s = settings.unwrap();
    assert_eq!((s.purge_deny, s.purge_threshold), (None, None));
    assert_eq!(s.daemon_log.as_deref(), Some("/var/log/denyhosts"));
    assert!(s.admin_email.is_empty() && s.suspicious_allowed && !s.dovecot);
    assert_eq!((s.at("PURGE_DENY").is_some(), s.given("PURGE_DENY")), (true, None));
}
