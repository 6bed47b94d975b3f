//! A bounded cut of the whole: every reader, a fixed seed, a fixed number of inputs.
#![forbid(unsafe_code)]

use portreeve_fuzz::engine::{Engine, judge};
use portreeve_fuzz::targets::{ALL, Outcome, Target};

#[test]
fn every_reader_bears_its_corpus_and_mutations_of_it() {
    for target in &ALL {
        // A twin that tries every way to read a line is slow, and a line of its length says as much.
        let slow = ["toml", "xinetd", "detect", "sshd", "dropbear", "pam", "judge"];
        let twins =
            ["exim", "sendmail", "dovecot", "postfix", "vsftpd", "proftpd", "nginx", "apache"];
        let most = match target.name {
            name if slow.contains(&name) => 600,
            name if twins.contains(&name) => 500,
            _ => 4_000,
        };
        let target = &Target { longest: target.longest.min(8 << 10), ..*target };
        let run = Engine::new(target, 2026).go(|_| (), |run| run.inputs >= most);
        assert!(run.inputs >= most && run.kinds > 1, "{}: {run:?}", target.name);
        let told = run.findings.iter().map(|finding| {
            let input = String::from_utf8_lossy(&finding.input);
            format!("{}: {}\n{input:?}\n", target.name, finding.why)
        });
        assert_eq!(told.collect::<String>(), "");
    }
}

#[test]
fn a_reader_that_breaks_is_found_and_what_broke_it_made_small() {
    fn broken(input: &[u8]) -> Outcome {
        let text = String::from_utf8_lossy(input);
        assert!(!text.contains("instances = UNLIMITED"), "it panics");
        if text.contains("UNLIMITED UNLIMITED") {
            Err("it lies".into())
        } else {
            Ok(text.len() as u64)
        }
    }
    let target = Target {
        name: "broken",
        about: "fails for two texts",
        check: broken,
        seeds: || {
            vec![b"service a\n{\n instances = 1\n user = x\n per_source = UNLIMITED\n}\n".into()]
        },
        words: || vec!["UNLIMITED".into(), "UNLIMITED ".into()],
        longest: 4096,
    };
    let run = Engine::new(&target, 7).go(|_| (), |run| run.inputs >= 20_000);
    let mut found: Vec<_> =
        run.findings.iter().map(|f| String::from_utf8_lossy(&f.input).into_owned()).collect();
    found.sort();
    assert_eq!(found, ["UNLIMITED UNLIMITED", "instances = UNLIMITED"], "{:?}", run.findings);
    assert!(judge(&target, b"instances = UNLIMITED").is_err_and(|why| why.contains("it panics")));
    let again = Engine::new(&target, 7).go(|_| (), |run| run.inputs >= 20_000);
    assert_eq!(again.findings, run.findings, "the same seed does the same");
}
