//! The machine's load, for `max_load`.

/// Runnable processes, averaged over the last minute (getloadavg(3)); `None` when it cannot be
/// known, as without `/proc`.
#[must_use]
pub fn load_average() -> Option<f64> {
    let mut one = [0.0_f64; 1];
    // SAFETY: the array is ours and holds the one value asked for.
    let got = unsafe { libc::getloadavg(one.as_mut_ptr(), 1) };
    if got == 1 { one.first().copied() } else { None }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_load_is_a_small_positive_number() {
        let load = super::load_average().unwrap();
        assert!((0.0..10_000.0).contains(&load), "{load}");
    }
}
