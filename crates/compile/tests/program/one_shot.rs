//! The program as the monitor runs it: words in, one frame out.

use portreeve_model::Config;
use portreeve_wire::compile::{Answer, MAX_ANSWER};
use portreeve_wire::{decode, frame, split_frame};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A directory of one test alone, with the answers in it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portreeve-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        chmod(&path, 0o700);
        Self(path)
    }

    fn file(&self, name: &str, mode: u32, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        chmod(&path, mode);
        path.to_str().unwrap().to_owned()
    }

    /// Runs the program before which `wrapper` stands, and gives its code and its answer.
    #[expect(clippy::disallowed_methods, reason = "a test runs the program itself")]
    fn run(&self, wrapper: &[&str], words: &[&str], input: &str) -> (i32, Option<Answer>) {
        let output = self.file("answer", 0o600, "");
        let status = std::process::Command::new("/bin/sh")
            .args(["-c", "in=$1 out=$2; shift 2; exec \"$@\" <\"$in\" 3>\"$out\"", "sh"])
            .args([input, &output])
            .args(wrapper)
            .arg(env!("CARGO_BIN_EXE_portreeve-compile"))
            .args(words)
            .status()
            .unwrap();
        let mut bytes = Vec::new();
        std::fs::File::open(&output).unwrap().take(1 << 20).read_to_end(&mut bytes).unwrap();
        let answer =
            split_frame(&bytes, MAX_ANSWER).unwrap().map(|(body, _)| decode(body).unwrap());
        (status.code().unwrap(), answer)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

const FINE: &str = "[service.cat]\nlisten = [\"127.0.0.1:7\"]\nrun = [\"/bin/none\"]\n";

#[test]
fn a_configuration_comes_back_with_what_the_host_says() {
    let place = Place::new("fine");
    let path = place.file("portreeve.toml", 0o600, FINE);
    let (code, answer) = place.run(&[], &["load", "--native", &path], "/dev/null");
    let Some(Answer::Compiled { config, resolved, findings, .. }) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!((code, config.services.len()), (0, 1));
    assert_eq!(resolved.services[0].problems[0].reason, "`/bin/none` does not exist");
    assert!(findings.contains("note[user-unsaid]"), "{findings}");

    let question = place.file("question", 0o600, frame(&*config, MAX_ANSWER).unwrap());
    let (code, answer) = place.run(&[], &["resolve"], &question);
    assert_eq!((code, answer), (0, Some(Answer::Resolved(resolved))));
}

#[test]
fn a_refused_configuration_comes_back_with_every_error() {
    let place = Place::new("refused");
    let path = place.file("portreeve.toml", 0o600, "[service.x]\nlisten = 22\nrun = 5\n");
    let (code, answer) = place.run(&[], &["load", "--native", &path], "/dev/null");
    let Some(Answer::Refused { findings, errors }) = answer else { panic!("{answer:?}") };
    assert_eq!((code, errors), (78, 2));
    assert!(findings.contains("portreeve.toml:2:10"), "{findings}");

    let path = place.file("open.toml", 0o666, FINE);
    let (_, answer) = place.run(&[], &["load", "--native", &path], "/dev/null");
    let Some(Answer::Refused { findings, .. }) = answer else { panic!("{answer:?}") };
    assert!(findings.contains("error[untrusted-file]"), "{findings}");
}

#[test]
fn whatever_else_it_is_given_it_answers_nothing() {
    let place = Place::new("else");
    let garbage = place.file("garbage", 0o600, "garbage");
    for (words, input, code) in [
        (&["load"][..], "/dev/null", 64),
        (&["resolve"][..], garbage.as_str(), 70),
        (&["resolve"][..], "/dev/null", 70),
    ] {
        assert_eq!(place.run(&[], words, input), (code, None), "{words:?}");
    }
}

/// As root's door runs it: nobody, with the one capability to read.
const NOBODY: [&str; 7] = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--bounding-set=-all,+dac_read_search",
    "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
];

#[test]
fn for_root_s_door_it_must_not_be_root_and_reads_what_only_root_may() {
    let place = Place::new("root");
    let path = place.file("portreeve.toml", 0o600, FINE);
    let words = ["load", "--as-root", "--native", &path];
    if !portreeve_sys::privileges::is_root() {
        // An ordinary user's own files are not root's: for root's door they are not believed.
        let (code, answer) = place.run(&[], &words, "/dev/null");
        assert!(matches!(answer, Some(Answer::Refused { .. })), "{code} {answer:?}");
        return;
    }
    assert_eq!(place.run(&[], &words, "/dev/null"), (77, None), "with all of root's rights");
    let (code, answer) = place.run(&NOBODY, &words, "/dev/null");
    let Some(Answer::Compiled { config, resolved, .. }) = answer else {
        panic!("{code} {answer:?}")
    };
    assert_eq!((code, config.services.len()), (0, 1));
    assert_eq!(resolved.services[0].ids, None);
    assert_ne!(*config, Config::default());
}
