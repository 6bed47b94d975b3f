//! The two chains of the table, as nft would show them:
//!
//! ```text
//! chain prerouting {
//!     type filter hook prerouting priority raw; policy accept;
//!     meta iiftype loopback accept
//!     meta l4proto tcp tcp flags syn / syn,ack jump sources
//!     meta nfproto ipv4 meta l4proto tcp ip frag-off & 0x1fff == 1 jump sources
//!     meta l4proto udp jump sources
//!     meta l4proto udplite jump sources
//!     meta l4proto sctp @th,96,8 1 jump sources
//! }
//! chain sources {
//!     meta nfproto ipv4 ip saddr @never4 accept
//!     meta nfproto ipv6 ip6 saddr @never6 accept
//!     meta nfproto ipv4 ip saddr @hosts4 counter drop
//!     meta nfproto ipv4 ip saddr @wide4 counter drop
//!     meta nfproto ipv6 ip6 saddr @hosts6 counter drop
//!     meta nfproto ipv6 ip6 saddr & ffff:ffff:ffff:ffff:: @nets6 counter drop
//!     meta nfproto ipv6 ip6 saddr @wide6 counter drop
//! }
//! ```
//!
//! Only what begins something is looked at, so that a connection that is open goes on, without asking
//! connection tracking, which a rule with `ct` would switch on for the whole host: of TCP the SYN
//! without ACK, of SCTP the INIT, which stands alone in its packet (RFC 9260, 6.10); of UDP every
//! datagram, since it begins nothing that could be told from what goes on. A TCP fragment that begins
//! with the ninth byte hides the flags from the first rule; no honest sender makes one (RFC 3128).
//! ICMP, neighbour discovery, tunnels and routing are let by: a ban is about services.

use crate::message::{Ask, Attributes, Batch};
use crate::sets::Set;
use portreeve_wire::firewall::Cut;

/// The chain at the hook, and the one that looks at sources.
pub(crate) const HOOK: &str = "prerouting";
pub(crate) const SOURCES: &str = "sources";

/// Verdicts of the kernel's.
const DROP: i32 = 0;
const ACCEPT: i32 = 1;
const JUMP: i32 = -3;

/// Keys of `meta`.
const IIFTYPE: u32 = 8;
const NFPROTO: u32 = 15;
const L4PROTO: u32 = 16;

/// `ARPHRD_LOOPBACK`.
const LOOPBACK: u16 = 772;
/// `NFPROTO_IPV4` and `NFPROTO_IPV6`.
const IPV4: u8 = 2;
const IPV6: u8 = 10;
/// Protocols.
const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;
const UDPLITE: u8 = 136;
/// Flags of TCP.
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// What a load looks into.
const NETWORK: u32 = 1;
const TRANSPORT: u32 = 2;

/// The register that everything goes through: 16 bytes.
const REGISTER: u32 = 1;
const VERDICT: u32 = 0;

/// Makes both chains with their rules; the sets are there.
pub(crate) fn make(batch: &mut Batch, table: &str, state: u32, priority: i32, cut: Cut) {
    batch.ask(Ask::NewChain, |body| {
        body.text(1, table);
        body.text(3, SOURCES);
    });
    batch.ask(Ask::NewChain, |body| {
        body.text(1, table);
        body.text(3, HOOK);
        body.nest(4, |hook| {
            hook.number(1, 0); // NF_INET_PRE_ROUTING
            hook.number(2, priority.cast_unsigned());
        });
        body.number(5, ACCEPT.cast_unsigned());
        body.text(7, "filter");
    });
    sources(batch, table, state);
    entry(batch, table, cut);
}

fn entry(batch: &mut Batch, table: &str, cut: Cut) {
    let mut rule = |fill: &dyn Fn(&mut Expressions<'_>)| rule(batch, table, HOOK, fill);
    rule(&|e| {
        e.meta(IIFTYPE);
        e.is(&LOOPBACK.to_ne_bytes());
        e.verdict(ACCEPT, None);
    });
    match cut {
        Cut::Beginnings => {
            rule(&|e| {
                e.protocol(TCP);
                e.load(TRANSPORT, 13, 1);
                e.mask(&[SYN | ACK]);
                e.is(&[SYN]);
                e.verdict(JUMP, Some(SOURCES));
            });
            rule(&|e| {
                e.family(IPV4);
                e.protocol(TCP);
                e.load(NETWORK, 6, 2);
                e.mask(&0x1fff_u16.to_be_bytes());
                e.is(&1_u16.to_be_bytes());
                e.verdict(JUMP, Some(SOURCES));
            });
        }
        Cut::Everything => rule(&|e| {
            e.protocol(TCP);
            e.verdict(JUMP, Some(SOURCES));
        }),
    }
    for protocol in [UDP, UDPLITE] {
        rule(&|e| {
            e.protocol(protocol);
            e.verdict(JUMP, Some(SOURCES));
        });
    }
    rule(&|e| {
        e.protocol(SCTP);
        if cut == Cut::Beginnings {
            e.load(TRANSPORT, 12, 1);
            e.is(&[1]);
        }
        e.verdict(JUMP, Some(SOURCES));
    });
}

fn sources(batch: &mut Batch, table: &str, state: u32) {
    let order =
        [Set::Never4, Set::Never6, Set::Hosts4, Set::Wide4, Set::Hosts6, Set::Nets6, Set::Wide6];
    for set in order {
        rule(batch, table, SOURCES, &|e| {
            match set {
                Set::Never4 | Set::Hosts4 | Set::Wide4 => {
                    e.family(IPV4);
                    e.load(NETWORK, 12, 4);
                }
                Set::Never6 | Set::Hosts6 | Set::Wide6 => {
                    e.family(IPV6);
                    e.load(NETWORK, 8, 16);
                }
                Set::Nets6 => {
                    e.family(IPV6);
                    e.load(NETWORK, 8, 16);
                    e.mask(&(u128::MAX << 64).to_be_bytes());
                }
            }
            e.lookup(&set.name(state));
            if matches!(set, Set::Never4 | Set::Never6) {
                e.verdict(ACCEPT, None);
            } else {
                e.counter();
                e.verdict(DROP, None);
            }
        });
    }
}

fn rule(batch: &mut Batch, table: &str, chain: &str, fill: &dyn Fn(&mut Expressions<'_>)) {
    batch.ask(Ask::NewRule, |body| {
        body.text(1, table);
        body.text(2, chain);
        body.nest(4, |list| fill(&mut Expressions(list)));
    });
}

/// The expressions of a rule.
struct Expressions<'a>(&'a mut Attributes);

impl Expressions<'_> {
    fn one(&mut self, name: &str, fill: impl FnOnce(&mut Attributes)) {
        self.0.nest(1, |expression| {
            expression.text(1, name);
            expression.nest(2, fill);
        });
    }

    fn meta(&mut self, key: u32) {
        self.one("meta", |data| {
            data.number(1, REGISTER);
            data.number(2, key);
        });
    }

    fn family(&mut self, family: u8) {
        self.meta(NFPROTO);
        self.is(&[family]);
    }

    fn protocol(&mut self, protocol: u8) {
        self.meta(L4PROTO);
        self.is(&[protocol]);
    }

    fn load(&mut self, base: u32, offset: u32, length: u32) {
        self.one("payload", |data| {
            data.number(1, REGISTER);
            data.number(2, base);
            data.number(3, offset);
            data.number(4, length);
        });
    }

    fn mask(&mut self, mask: &[u8]) {
        self.one("bitwise", |data| {
            data.number(1, REGISTER);
            data.number(2, REGISTER);
            data.number(3, u32::try_from(mask.len()).unwrap_or(0));
            data.nest(4, |value| value.bytes(1, mask));
            data.nest(5, |value| value.bytes(1, &vec![0; mask.len()]));
        });
    }

    fn is(&mut self, value: &[u8]) {
        self.one("cmp", |data| {
            data.number(1, REGISTER);
            data.number(2, 0); // NFT_CMP_EQ
            data.nest(3, |data| data.bytes(1, value));
        });
    }

    fn lookup(&mut self, set: &str) {
        self.one("lookup", |data| {
            data.text(1, set);
            data.number(2, REGISTER);
        });
    }

    fn counter(&mut self) {
        self.one("counter", |data| {
            data.long(1, 0);
            data.long(2, 0);
        });
    }

    fn verdict(&mut self, code: i32, chain: Option<&str>) {
        self.one("immediate", |data| {
            data.number(1, VERDICT);
            data.nest(2, |value| {
                value.nest(2, |verdict| {
                    verdict.number(1, code.cast_unsigned());
                    if let Some(chain) = chain {
                        verdict.text(2, chain);
                    }
                });
            });
        });
    }
}
