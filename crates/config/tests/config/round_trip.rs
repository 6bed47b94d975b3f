//! Whatever configuration there is: printed and read again, it is the same.

use crate::common::{findings, native};
use portreeve_config::print;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn a_printed_configuration_reads_the_same(config in crate::configs::config()) {
        let text = print(&config);
        let again = native(&text);
        prop_assert_eq!(again.config.as_ref(), Some(&config), "{}\n{}", findings(&again), text);
        // Origins are now places of the print itself; what they say must be stable from here on.
        let second = print(&again.config.unwrap());
        prop_assert_eq!(without_comments(&second), without_comments(&text));
    }
}

fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("  # ").next().unwrap_or("")).collect()
}
