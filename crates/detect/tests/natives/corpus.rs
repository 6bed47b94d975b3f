//! Every line of the corpora gets the verdict that stands before it.

use crate::support::{BYSTANDER, corpora, corpus, tell, whom};
use portreeve_detect::{Detector, named};

#[test]
fn every_line_gets_its_verdict() {
    let mut wrong = Vec::new();
    for name in corpora() {
        let mut detector: Box<dyn Detector> = named(&name).unwrap();
        for case in corpus(&name) {
            if !case.after {
                detector = named(&name).unwrap();
            }
            let told = tell(detector.as_mut(), &case.line);
            if told != case.want {
                let line = String::from_utf8_lossy(&case.line).into_owned();
                wrong.push(format!("{name}: {told} instead of {}\n  {line}", case.want));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nobody_is_charged_who_did_nothing() {
    for name in corpora() {
        for case in corpus(&name) {
            let innocent = whom(&case.want) != Some(BYSTANDER);
            assert!(innocent, "{name}: {}", String::from_utf8_lossy(&case.line));
        }
    }
}
