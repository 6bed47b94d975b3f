use crate::harness::{Clerk, Home, session};
use portreeve_wire::clerk::FromClerk;
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

#[test]
fn alarms_are_short_and_few_at_a_time() {
    let home = Home::new();
    let (clerk, _) = Clerk::at_work(&home);
    let no_pipe: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    for number in 0..100 {
        let mut session = session(number);
        session.key = format!("{number}{}", "x".repeat(3000));
        clerk.listen(&session, false, &no_pipe);
        clerk.listen(&session, false, &no_pipe);
    }
    let mut texts = BTreeSet::new();
    for _ in 0..32 {
        let FromClerk::Alarm(text) = clerk.hear() else { panic!() };
        assert!(text.len() <= 512, "{}", text.len());
        texts.insert(text);
    }
    assert_eq!(texts.len(), 32);
    assert!(texts.contains("more is wrong than can be told at a time"), "{texts:?}");
    clerk.settle(); // and there are no others
}
