//! What cannot be started.

use portreeve_tests::compare::{Scene, from};

pub(crate) fn scene() -> Scene {
    let mut scene = Scene::new("broken");
    scene.file("/etc/p/no-program", "neither\n");
    scene.files.push(("/etc/p/no-interpreter", "0755", "#!/nowhere/sh\n".to_owned()));
    for (name, lines) in [
        ("a server that is not there", "server = /nowhere/server"),
        ("a server that is no program", "server = /etc/p/no-program"),
        ("a directory", "server = /etc/p"),
        ("a script without its interpreter", "server = /etc/p/no-interpreter"),
        ("a user who is not there", "user = nobody-of-that-name"),
        ("a group that is not there", "group = nobody-of-that-name"),
        ("the groups of a number that is nobody's", "user = 61234\ngroups = yes"),
    ] {
        scene.visit(name, lines, from("192.168.0.50"));
    }
    scene
}
