//! Every code the xinetd dialect may report: what it means, and the safe outcome. The book's table
//! is made from this list and a test compares them.
//!
//! An error refuses the configuration as a whole; a warning says where portreeve means something
//! else than xinetd, or where text does nothing; a note only explains.

use portreeve_diag::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal: $meaning:literal;)+) => {
        $(#[doc = $meaning] pub(crate) const $name: Code = Code($code);)+

        /// (code, meaning and safe outcome), in the order of the book's table.
        pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),+];
    };
}

codes! {
    // Reading files.
    UNREADABLE = "xinetd-unreadable": "error: a file or directory cannot be read; xinetd goes on without what stands in it";
    INCLUDE_CYCLE = "xinetd-include-cycle": "error: a file includes itself, perhaps through others; xinetd recurses until it crashes";
    INCLUDE_RELATIVE = "xinetd-include-relative": "error: a relative include path, whose meaning changes when xinetd reloads";
    INCLUDE_INSIDE = "xinetd-include-inside": "error: an include inside an entry";
    INCLUDE_IRREGULAR = "xinetd-include-irregular": "warning: something in an included directory is no regular file; skipped, as by xinetd";
    INCLUDE_SKIPPED = "xinetd-include-skipped": "note: a file of an included directory is skipped for the dot or the final `~` in its name, as by xinetd";
    TOO_LARGE = "xinetd-too-large": "error: a bound on size, count or depth is passed";
    ENCODING = "xinetd-encoding": "error: bytes that are not UTF-8 outside a comment";
    CONTROL_CHARACTER = "xinetd-control-character": "error: a control character outside a comment";
    CARRIAGE_RETURN = "xinetd-carriage-return": "error: lines end in CR LF, which makes the CR a part of each last value";

    // Structure.
    KEYWORD = "xinetd-keyword": "error: a line outside entries that starts with no known word; xinetd would discard the next entry with it";
    OUTSIDE_ENTRY = "xinetd-outside-entry": "error: an attribute or brace outside any entry";
    HEADER = "xinetd-header": "error: `service` without exactly one name, or words after `defaults`";
    OPEN_BRACE = "xinetd-open-brace": "error: `{` is missing or not alone on its line; xinetd drops the entry";
    CLOSE_BRACE = "xinetd-close-brace": "error: `}` is not alone on its line, so that xinetd does not see it";
    UNCLOSED = "xinetd-unclosed": "error: an entry has no `}`; xinetd would swallow the entry that follows";
    SECOND_DEFAULTS = "xinetd-second-defaults": "error: a second `defaults` in one file, which xinetd ignores";
    LATE_DEFAULTS = "xinetd-late-defaults": "warning: `defaults` after a service; xinetd would not give that service its access lists and banners, portreeve does";
    LATE_DEFAULTS_ADD = "xinetd-late-defaults-add": "error: `only_from +=` in a service before the `defaults` it adds to: in xinetd it adds to nothing, so that the list would grow";

    // Lines of an entry.
    OPERATOR_BLANK = "xinetd-operator-blank": "error: no blank before the operator; xinetd drops the entry";
    OPERATOR_MISSING = "xinetd-operator-missing": "error: no operator after an attribute's name; xinetd drops the entry";
    OPERATOR = "xinetd-operator": "error: an operator the attribute does not have; xinetd ignores the line (and lets `disabled -=` disable)";
    JOINED_LINES = "xinetd-joined-lines": "error: an attribute stands among another's values; its line must have lost its line break";
    TRAILING_COMMENT = "xinetd-trailing-comment": "error: `#` after a value is a value, and voids the line or widens the list (warning in `server_args`: the server gets the words)";
    VALUE_COUNT = "xinetd-value-count": "error: the wrong number of values; xinetd ignores the attribute and runs the service without it";
    UNKNOWN_ATTRIBUTE = "xinetd-unknown-attribute": "error: no such attribute; xinetd ignores the line and runs the service without it";
    NOT_IN_DEFAULTS = "xinetd-not-in-defaults": "error: an attribute that does nothing in `defaults`";
    NOT_IN_SERVICE = "xinetd-not-in-service": "error: an attribute that does nothing in a service";
    REPEATED = "xinetd-repeated": "error: an attribute is set twice, and xinetd ignores the second (warning when both say the same)";
    LIST_REPLACED = "xinetd-list-replaced": "error for `no_access`, else warning: a second `=` forgets the values of the first";
    REMOVE_UNMATCHED = "xinetd-remove-unmatched": "error for addresses, else warning: `-=` names something that is not in the list";
    BAD_VALUE = "xinetd-bad-value": "error: a value the attribute does not take";
    BAD_LOG = "xinetd-bad-log": "error: a `log_type` that cannot be read";
    BAD_TIMES = "xinetd-bad-times": "error: an interval of `access_times` that cannot be read";
    RELATIVE_PATH = "xinetd-relative-path": "error: a path that does not start with `/`";
    REVIVED = "xinetd-revived": "error: `disable = no` after a rejected value, with which xinetd would run the service after all";

    // enabled, disabled.
    DISABLED_UNKNOWN = "xinetd-disabled-unknown": "error: `disabled` names no entry's id, so that it disables nothing";
    ENABLED_UNKNOWN = "xinetd-enabled-unknown": "warning: `enabled` names no entry's id";

    // Addresses.
    PLACEHOLDER = "xinetd-placeholder-address": "error: an address with `?` or `x` in it, as printed in examples; in `bind` xinetd drops the service, in `no_access` the restriction";
    BAD_ADDRESS = "xinetd-bad-address": "error: neither an address nor a host name; xinetd drops the item, and an unreadable `no_access` lets everybody in";
    ADDRESS_COMMA = "xinetd-address-comma": "error: a comma between addresses; blanks separate them";
    PREFIX_LENGTH = "xinetd-prefix-length": "error: a prefix length past 32 or 128, or a mask that is none; xinetd compares the written address alone";
    SHORT_PREFIX = "xinetd-short-prefix": "error: a network with fewer than four octets or in octal, such as `10.1/16`, which xinetd reads as 10.0.0.1/16";
    CLASSIC_ADDRESS = "xinetd-classic-address": "error in `no_access` and `bind`, warning in `only_from`: fewer than four octets, octal or hexadecimal, read as inet_aton(3) does";
    WRAPPERS_WORD = "xinetd-wrappers-word": "error: a word of hosts.allow, such as `ALL`, in an xinetd list; xinetd drops it";
    DOTTED_MASK = "xinetd-dotted-mask": "warning: a dotted mask means the network it says; xinetd compares the written address alone";
    HOST_BITS = "xinetd-host-bits": "note: address bits below the prefix are ignored, as by xinetd";
    WILDCARD_OCTETS = "xinetd-wildcard-octets": "note: two or more final zero octets are wildcards, as for xinetd";
    IPV6_UNSPECIFIED = "xinetd-ipv6-unspecified": "error: `::` in a list, which matches nobody";
    IPV6_ALL = "xinetd-ipv6-all": "note: `::/0` matches every peer, IPv4 ones too, as for xinetd";
    IPV6_MAPPED = "xinetd-ipv6-mapped": "warning: an IPv6 prefix that covers the mapped addresses matches IPv6 peers alone; xinetd also matches every IPv4 peer";
    IPV6_HOST = "xinetd-ipv6-host": "note: `/128` matches the one address; xinetd never matches it";
    NAME_IN_NO_ACCESS = "xinetd-name-in-no-access": "warning: `no_access` by host name; kept even if the name does not resolve (xinetd drops it), but a peer without a confirmed name never matches";
    LIST_OVERLAP = "xinetd-list-overlap": "warning: an `only_from` item lies within a `no_access` item, which wins, so that it admits nobody";
    NOBODY = "xinetd-nobody": "note: an empty `only_from` admits nobody (warning when `-=` emptied it)";

    // Whole entries.
    MISSING = "xinetd-missing-attribute": "error: a required attribute is missing; xinetd drops the service";
    NAME = "xinetd-name": "error: a service name or id that portreeve cannot use in logs and file names";
    RESERVED_NAME = "xinetd-reserved-name": "warning: xinetd exempts services called `logging` or `intercept` from every check; portreeve does not";
    PORT_UNKNOWN = "xinetd-port-unknown": "error: the service's name is not in /etc/services; xinetd drops the service";
    PORT_MISMATCH = "xinetd-port-mismatch": "error: the port differs from /etc/services; xinetd drops the service";
    PORT_ZERO = "xinetd-port-zero": "error: port 0, on which nobody could know where to connect";
    PORT_BUILT_IN = "xinetd-port-built-in": "note: the name is not in /etc/services; portreeve's own small table gives the port";
    SOCKET_PROTOCOL = "xinetd-socket-protocol": "error: `socket_type` and `protocol` contradict each other";
    NAMEINARGS = "xinetd-nameinargs": "error: `NAMEINARGS` without `server_args`, or on an internal service; xinetd drops the service";
    NAMEINARGS_LATE = "xinetd-nameinargs-late": "note: `NAMEINARGS` after `server_args` works here; in xinetd every connection crashes";
    INTERNAL_UNKNOWN = "xinetd-internal-unknown": "error: there is no internal service of this name; xinetd drops the service";
    SENSOR_INTERNAL = "xinetd-sensor-internal": "error: `flags = SENSOR` without `type = INTERNAL`; xinetd drops the service or starts it as any other";
    SENSOR_NEVER = "xinetd-sensor-never": "warning: a sensor without `deny_time` only records";
    SENSOR_INERT = "xinetd-sensor-inert": "warning: access lists and counts on a sensor do nothing: it catches whoever touches it, as in xinetd";
    DENY_TIME = "xinetd-deny-time": "error: `deny_time` without `flags = SENSOR`, so that nothing is denied";
    IDONLY = "xinetd-idonly": "error: `IDONLY` without `USERID` in `log_on_success` (or on port 113) does nothing in xinetd";
    IDENT_LOOP = "xinetd-ident-loop": "warning: `USERID` on port 113 is dropped, as by xinetd, since two ident servers would ask each other for ever";
    TRAFFIC = "xinetd-traffic": "error: `TRAFFIC` on a service that is not redirected; xinetd drops the service";
    REFUSES_ALL = "xinetd-refuses-all": "warning: a limit of 0 refuses everybody";
    CPS_OFF = "xinetd-cps-off": "note: `cps = 0 N` means no limit on the rate";
    LOAD_ROUNDED = "xinetd-load-rounded": "note: a load is kept in hundredths; more digits are cut, which is stricter";
    NICE_RANGE = "xinetd-nice-range": "warning: a nice value outside -20 to 19 is moved to the nearest end, as by the kernel";
    TIMES_MIDNIGHT = "xinetd-times-midnight": "warning: `24:00` and intervals over midnight work here; xinetd disables the service";
    TIMES_EMPTY_NUMBER = "xinetd-times-empty-number": "note: a missing number in a time is 0, as for xinetd";
    BIND_SEVERAL = "xinetd-bind-several": "warning: several addresses in one `bind` are all bound; xinetd ignores the line and listens on every address";
    BIND_NAME = "xinetd-bind-name": "note: `bind` by host name listens on every address of the name; xinetd takes one";
    BIND_FAMILY = "xinetd-bind-family": "error: `bind`, `v6only` and the flags `IPv4`, `IPv6` contradict each other";
    V6ONLY_NO = "xinetd-v6only-no": "warning: `v6only = no` means both families; in xinetd its mere presence shuts IPv4 out";
    BOTH_FAMILIES = "xinetd-both-families": "note: both flags `IPv4` and `IPv6`: both families on one IPv6 socket, IPv4 alone where the host has no IPv6";
    INERT = "xinetd-inert": "note or warning: an attribute that has no effect on this kind of service";
    ADDRESS_TAKEN = "xinetd-address-taken": "error: two services, or one twice, listen on one address and port; in xinetd the second fails to start";
    KEY_TAKEN = "xinetd-key-taken": "error: two services cannot be told apart";

    // Not served.
    UNSERVED_SOCKET_TYPE = "xinetd-unserved-socket-type": "error (note if disabled): datagram, raw and seqpacket services are not served";
    UNSERVED_PROTOCOL = "xinetd-unserved-protocol": "error (note if disabled): a stream protocol other than tcp is not served";
    UNSERVED_WAIT = "xinetd-unserved-wait": "error (note if disabled): `wait = yes` is not served: such a server accepts for itself, past every check";
    UNSERVED_RPC = "xinetd-unserved-rpc": "error (note if disabled): RPC services are not served";
    UNSERVED_TCPMUX = "xinetd-unserved-tcpmux": "error (note if disabled): TCPMUX services are not served";
    UNSERVED_SPECIAL = "xinetd-unserved-special": "error (note if disabled): `type = SPECIAL` is for xinetd's own use";
    UNSERVED_REDIRECT = "xinetd-unserved-redirect": "error (note if disabled): `redirect` is not served";
    UNSERVED_INTERNAL = "xinetd-unserved-internal": "error (note if disabled): internal services other than echo and sensors are not served";
    UNSERVED_INTERCEPT = "xinetd-unserved-intercept": "error (note if disabled): `INTERCEPT` is not served; in xinetd it does nothing or breaks the service";
    UNSERVED_LABELED = "xinetd-unserved-labeled": "error (note if disabled): `LABELED` is not served";
    UNSERVED_MDNS = "xinetd-unserved-mdns": "error (note if disabled): `mdns = yes` is not served; `no` is a note";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn codes_are_unique_prefixed_and_explained() {
        let mut seen = std::collections::HashSet::new();
        for (code, meaning) in ALL {
            assert!(seen.insert(code), "{code} twice");
            assert!(code.starts_with("xinetd-"), "{code}");
            let level = ["error", "warning", "note"].iter().any(|l| meaning.starts_with(l));
            assert!(level && !meaning.ends_with('.'), "{code}: {meaning}");
        }
    }
}
