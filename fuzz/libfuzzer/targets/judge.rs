//! `judge`, driven by coverage.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let target = portreeve_fuzz::targets::find("judge").expect("a target of that name");
    if let Err(why) = (target.check)(input) {
        panic!("{why}");
    }
});
