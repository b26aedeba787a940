//! What keeps a workload answering: enough pods, on several nodes, never all stopped at once.

pub(super) mod autoscaler;
pub(super) mod budget;
pub(super) mod rollout;
pub(super) mod shared_volume;
pub(super) mod spread;

/// Gives a share of a number: `50%` of it, or a whole number as it is. Part pods are rounded `up` or down.
fn share(text: &str, of: i64, up: bool) -> Option<i64> {
    let Some(percent) = text.strip_suffix('%') else { return text.parse().ok() };
    let hundredths = percent.parse::<i64>().ok()?.checked_mul(of)?;
    let whole = hundredths.div_euclid(100);
    Some(if up && hundredths.rem_euclid(100) != 0 { whole + 1 } else { whole })
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn part_pods_are_rounded() {
        assert_eq!((share("25%", 3, false), share("25%", 3, true)), (Some(0), Some(1)));
        assert_eq!((share("50%", 4, true), share("2", 4, true)), (Some(2), Some(2)));
        assert_eq!((share("half", 4, true), share("x%", 4, true)), (None, None));
    }
}
