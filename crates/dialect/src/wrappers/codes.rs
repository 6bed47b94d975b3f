//! Every code that a reading of hosts.allow and hosts.deny may report: what it means, and what
//! portreeve does. The book's table is made from this list and a test compares them.

use portreeve_diag::Code;

macro_rules! codes {
    ($($name:ident = $code:literal: $meaning:literal;)+) => {
        $(#[doc = $meaning] pub const $name: Code = Code($code);)+

        /// (code, meaning and safe outcome), in the order of the book's table.
        pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),+];
    };
}

codes! {
    UNREADABLE = "hosts-unreadable": "error: a file cannot be read; whoever comes as far as it is refused";
    NO_FINAL_NEWLINE = "hosts-no-final-newline": "warning: the last line has no line feed; the ancestor drops it and, in hosts.deny, refuses everybody; here it counts";
    LONG_LINE = "hosts-long-line": "warning: a line longer than 2047 bytes, where the ancestor stops reading; here it counts (error above 64 KiB: whoever comes as far as it is refused)";
    INDENTED_COMMENT = "hosts-indented-comment": "warning: a line whose first word begins with `#`; a live rule to the ancestor, a comment here";
    SWALLOWED_LINE = "hosts-swallowed-line": "warning: a comment ends in a backslash and swallows the line below; in hosts.deny a line that is a rule by its look counts all the same";
    ZERO_BYTE = "hosts-zero-byte": "error: a zero byte, at which the ancestor loses the rest of the line; here it is a part of its word";
    NO_SEPARATOR = "hosts-no-separator": "error: a line without `:`; no rule, and skipped";
    BRACKET = "hosts-bracket": "error: a `[` without `]`, or the other way round, which hides every colon behind it; whoever the rule's daemons concern is refused";
    BARE_IPV6 = "hosts-bare-ipv6": "error: an IPv6 address outside brackets, which the ancestor cuts at its first colon; whoever has that address is refused";
    PREFIX_LENGTH = "hosts-prefix-length": "error: a prefix length or mask that is none; a client of that family whom nothing else in the list matches is refused";
    HOST_BITS = "hosts-host-bits": "warning: a net with bits outside its mask, which never matches in the ancestor; here they are cleared";
    WIDE_MASK = "hosts-wide-mask": "note: `/0`, `/32` as a mask, or 255.255.255.255, which the ancestor does not take; here they mean what they say";
    NEVER_MATCHES = "hosts-never-matches": "warning: a pattern that can match nobody";
    TRAILING_COMMENT = "hosts-trailing-comment": "warning: `#` inside a list is a pattern like any other, and so are the words behind it";
    EMPTY_LIST = "hosts-empty-list": "warning: a list that is empty, begins with EXCEPT or ends in it";
    OPTION = "hosts-option": "error: an option that cannot be carried out; whom the rule matches is refused";
    NO_EXPANSION = "hosts-no-expansion": "warning: `%` and a letter that stands for nothing; it is left out";
    RESERVED_WORD = "hosts-reserved-word": "warning: a name that is nearly a reserved word, in capitals as those are";
    ACLEXEC_LATER = "hosts-aclexec-later": "warning: options behind an `aclexec` are carried out by the ancestor also when it fails; here the rule ends with it";
    ACLEXEC_DENY = "hosts-aclexec-deny": "warning: when an `aclexec` in hosts.deny fails, the ancestor grants; here the next rules are looked at";
    USER_APPLIED = "hosts-user-applied": "note: `user` and `group` do nothing in Debian's tcpd; here they are carried out, or the client is refused";
    DOUBTFUL = "hosts-doubtful": "warning: a name that begins or ends as none does, or is a reserved word, in tcpdchk's words";
    NO_SUCH_DAEMON = "hosts-no-such-daemon": "note: a rule names a daemon that no service asks about; other programs may";
    HOST_NOT_FOUND = "hosts-host-not-found": "warning: a name in a rule is no host's: nobody's name leads back to it";
    HOST_ALIAS = "hosts-host-alias": "warning: a name in a rule is another name of a host: rules are compared with the one it goes by";
    HOST_ADDRESSES = "hosts-host-addresses": "warning: the name behind `daemon@` has more than one address; consider one of them instead";
    NAME_MISMATCH = "hosts-name-mismatch": "warning: an address in a rule, or of a name in one, has a name that does not lead back to it: to rules it is PARANOID";
    ADDRESS_NAMELESS = "hosts-address-nameless": "note: an address in a rule, or of a name in one, has no name: no rule that is about names matches it";
    NETGROUP = "hosts-netgroup": "warning: a netgroup is not known, or nobody is in it";
    NOT_LOOKED_UP = "hosts-not-looked-up": "note: names, addresses or netgroups of rules were not looked up: too many, or no answer in time";
    ASKED = "hosts-asked": "note: which services ask these files, and under which names";
    SHADOWED = "hosts-shadowed": "warning: every client that a rule matches is decided about by rules before it: by the same words, by `ALL`, by a network around theirs or a domain above; told once for each rule that decides";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn the_book_lists_every_code() {
        let rows: String =
            ALL.iter().map(|(code, text)| format!("| `{code}` | {text} |\n")).collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/wrappers.md");
        #[expect(clippy::disallowed_methods, reason = "a file of this project")]
        let book = std::fs::read_to_string(path).expect("read the book");
        let (start, end) = ("<!-- codes -->\n", "<!-- end -->");
        let (before, rest) = book.split_once(start).expect("the table's start");
        let (table, after) = rest.split_once(end).expect("the table's end");
        let want = format!("| code | meaning and outcome |\n|---|---|\n{rows}");
        #[expect(clippy::disallowed_methods, reason = "a test, asked to write the book")]
        let bless = std::env::var("PORTREEVE_BLESS").is_ok();
        if bless {
            std::fs::write(path, format!("{before}{start}{want}{end}{after}")).expect("write it");
            return;
        }
        assert_eq!(table, want, "PORTREEVE_BLESS=1 writes it");
    }
}
