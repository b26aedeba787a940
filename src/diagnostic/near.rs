//! "Did you mean": the known name that an unknown one was to be.

/// Finds the name nearest to `name`, near enough to be a slip: for "did you mean".
///
/// Case and separators alone never count as a difference. Ties go to the first candidate. There may be very many candidates.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (mut wanted, mut plain) = (Vec::new(), Vec::new());
    push_plain(name, &mut wanted);
    let mut allowed = match wanted.len() {
        0..=2 => 0,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    };
    let mut best = None;
    for candidate in candidates {
        // Most names differ in the middle, and hardly any by little.
        let (middle, other) = middles(name, candidate);
        wanted.clear();
        push_plain(middle, &mut wanted);
        plain.clear();
        push_plain(other, &mut plain);
        let Some(distance) = distance(&wanted, &plain, allowed) else { continue };
        best = Some(candidate);
        // The next one has to be nearer.
        let Some(less) = distance.checked_sub(1) else { break };
        allowed = less;
    }
    best
}

/// Takes off what two names begin and end with alike.
fn middles<'n, 'c>(name: &'n str, candidate: &'c str) -> (&'n str, &'c str) {
    if !name.is_ascii() || !candidate.is_ascii() {
        return (name, candidate);
    }
    let alike = |(a, b): &(u8, u8)| a == b;
    let start = name.bytes().zip(candidate.bytes()).take_while(alike).count();
    let (name, candidate) = (&name[start..], &candidate[start..]);
    let end = name.bytes().rev().zip(candidate.bytes().rev()).take_while(alike).count();
    (&name[..name.len() - end], &candidate[..candidate.len() - end])
}

fn push_plain(text: &str, out: &mut Vec<char>) {
    if text.is_ascii() {
        let letters = text.bytes().filter(u8::is_ascii_alphanumeric);
        out.extend(letters.map(|letter| char::from(letter.to_ascii_lowercase())));
    } else {
        out.extend(text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
    }
}

/// Counts how many letters must be put in, taken out, replaced or swapped with the next one, unless that is more than allowed.
fn distance(a: &[char], b: &[char], allowed: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > allowed {
        return None;
    }
    // A letter that the other lacks takes a change, and a change mends one of each at most.
    let letters = |text: &[char]| text.iter().fold(0_u64, |letters, c| letters | 1 << (*c as u32 % 64));
    let (of_a, of_b) = (letters(a), letters(b));
    if (of_a & !of_b).count_ones().max((of_b & !of_a).count_ones()) as usize > allowed {
        return None;
    }
    let text = |letters: &[char]| letters.iter().collect::<String>();
    Some(strsim::osa_distance(&text(a), &text(b))).filter(|distance| *distance <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn near_names_are_slips_and_far_ones_are_not() {
        assert_eq!(nearest("replicass", ["image", "replicas"]), Some("replicas"));
        assert_eq!(nearest("confifMapKeyRef", ["secretKeyRef", "configMapKeyRef"]), Some("configMapKeyRef"));
        assert_eq!(nearest("PersistentVolumeClaim", ["persistentVolumeClaim"]), Some("persistentVolumeClaim"));
        assert_eq!(nearest("größe", ["grösse", "größen"]), Some("größen"));
        assert_eq!(nearest("tag", ["name", "port"]), None);
        assert_eq!(nearest("x", ["y"]), None);
    }

    proptest! {
        #[test]
        fn what_is_left_out_is_not_nearer(name in "[ab-cé]{0,12}", candidates in prop::collection::vec("[ab-cé]{0,12}", 0..8)) {
            let plain = |text: &str| text.replace('-', "");
            let allowed = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3][plain(&name).chars().count()];
            let distances = candidates.iter().map(|known| (strsim::osa_distance(&plain(&name), &plain(known)), known.as_str()));
            let nearest_of_all = distances.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance);
            prop_assert_eq!(nearest(&name, candidates.iter().map(String::as_str)), nearest_of_all.map(|(_, known)| known));
        }
    }
}
