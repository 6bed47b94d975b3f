//! Everything a service's process is given.

use portreeve_testkit::probe::RAW_SCRIPT;
use portreeve_tests::compare::{Scene, Step, from};

/// (what is shown, the lines of the entry)
const ENTRIES: &[(&str, &str)] = &[
    ("nothing but what is required", ""),
    ("a user by name", "user = thisuser"),
    ("a user by number brings the group of that number", "user = 59001"),
    ("a number without a passwd entry", "user = 61234"),
    ("root by number", "user = 0"),
    ("a user with another group", "user = thisuser\ngroup = otheruser"),
    ("a group by number", "user = thisuser\ngroup = 59013"),
    ("a group for root", "user = root\ngroup = portreeve-extra"),
    ("a number with a group by name", "user = 59001\ngroup = otheruser"),
    ("the user's groups", "user = thisuser\ngroups = yes"),
    ("the user's groups and another group", "user = thisuser\ngroup = otheruser\ngroups = yes"),
    ("no groups", "user = thisuser\ngroups = no"),
    ("root's groups", "user = root\ngroups = yes"),
    ("the groups of a user by number", "user = 59001\ngroups = yes"),
    ("a mask", "umask = 027"),
    ("a mask of one digit", "umask = 7"),
    ("a mask of nothing", "umask = 0"),
    ("a mask of everything", "umask = 777"),
    ("niceness", "nice = 7"),
    ("niceness for a user", "user = thisuser\nnice = 19"),
    ("niceness beyond the end", "nice = 30"),
    ("negative niceness for root", "nice = -3"),
    ("negative niceness for a user", "user = thisuser\nnice = -3"),
    ("address space", "rlimit_as = 512M"),
    ("processor time", "rlimit_cpu = 20"),
    ("data", "rlimit_data = 256M"),
    ("resident set", "rlimit_rss = 65536k"),
    ("stack", "rlimit_stack = 4M"),
    ("open files", "rlimit_files = 64"),
    ("open files in a unit", "rlimit_files = 1k"),
    ("no limits", "rlimit_as = UNLIMITED\nrlimit_cpu = UNLIMITED\nrlimit_stack = UNLIMITED"),
    ("limits for a user", "user = thisuser\nrlimit_as = 512M\nrlimit_cpu = 20\nrlimit_files = 99"),
    ("the daemon's environment", ""),
    ("a variable more", "env = EXTRA=yes"),
    ("variables more on one line", "env = EXTRA=yes OTHER=a=b EMPTY="),
    ("variables more on two lines", "env = EXTRA=yes\nenv += OTHER=no"),
    ("a second line replaces", "env = EXTRA=yes\nenv = OTHER=no"),
    ("a variable in place of the daemon's", "env = GREETING=mine"),
    ("the path in place of the daemon's", "env = PATH=/nowhere"),
    ("a variable given twice", "env = EXTRA=one EXTRA=two"),
    ("nothing passed", "passenv ="),
    ("one passed", "passenv = GREETING"),
    ("two passed in two lines", "passenv = GREETING\npassenv += OTHER_GREETING"),
    ("one taken away again", "passenv = GREETING OTHER_GREETING\npassenv -= OTHER_GREETING"),
    ("what is not there cannot be passed", "passenv = GREETING NOT_THERE"),
    ("names in another case are other names", "passenv = greeting"),
    ("nothing passed and one added", "passenv =\nenv = EXTRA=yes"),
    ("one passed and replaced", "passenv = GREETING\nenv = GREETING=mine"),
    ("the peer's address cannot be set", "env = REMOTE_HOST=10.9.9.9"),
    ("arguments", "server_args = one two three"),
    ("an argument with signs", "server_args = -i -o A=b \"x y\" $HOME"),
    ("a name among the arguments", "flags = NAMEINARGS\nserver_args = another one two"),
    ("a path as name", "flags = NAMEINARGS\nserver_args = /another/name one"),
    ("an exit status", "server_args = exit=3"),
    ("words on standard error", "server_args = complain=trouble"),
    ("keep-alive", "flags = KEEPALIVE"),
    ("no delay", "flags = NODELAY"),
    ("both", "flags = KEEPALIVE NODELAY"),
    ("flags without effect", "flags = REUSE NORETRY NOLIBWRAP"),
    ("words in any case", "FLAGS = reuse nodelay\nUser = thisuser\ngroups = YES"),
];

pub(crate) fn scene() -> Scene {
    let mut scene = Scene::new("attributes");
    scene.environment = vec![("GREETING", "hello"), ("OTHER_GREETING", "a b")];
    for (name, lines) in ENTRIES {
        scene.visit(name, lines, from("192.168.0.50"));
    }
    // What Rust's start-up hides from the probe: closed descriptors, an ignored SIGPIPE.
    // The C library's own two signals are as whatever started the tests left them.
    let masked = RAW_SCRIPT.replace("$value\"", "$((0x$value & ~0x180000000))\"");
    assert_ne!(masked, RAW_SCRIPT);
    scene.files.push(("/etc/p/raw", "0755", masked));
    for (name, lines) in [
        ("signals and descriptors as the kernel has them", "server = /etc/p/raw"),
        ("and for a user", "server = /etc/p/raw\nuser = thisuser"),
    ] {
        scene.visit(name, lines, from("192.168.0.50"));
    }
    scene.visit(
        "the name among the arguments, the flag behind them",
        "server_args = another one\nflags = NAMEINARGS",
        from("192.168.0.50"),
    );
    scene.script(
        "the internal echo",
        "service echo\n{\ntype = INTERNAL UNLISTED\nid = echo-plain\n}",
        [Step::Visit(from("192.168.0.50").says("a\0b\r\n\u{ff}\n").until("\u{ff}\n"))],
    );
    scene
}
