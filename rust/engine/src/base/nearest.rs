//! The nearest of some known names, for "did you mean".
//!
//! **In**: a name nobody knows, the known ones. **Out**: the one most likely meant, if any is near enough. **Law**: bounded work: names
//! longer than 64 characters are never near anything. Source: the restricted edit distance (optimal string alignment, Damerau 1964).

const LONGEST: usize = 64;

/// The candidate nearest to `name`: equal but for case, or at most a third of its characters (at least one) away. The first of equals.
///
/// # Examples
/// ```
/// use findspot_engine::base::nearest;
/// assert_eq!(nearest("wieght", ["b", "weight"]), Some("weight"));
/// assert_eq!(nearest("colour", ["b", "weight"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().take(LONGEST + 1).collect();
    let allowed = (wanted.len() / 3).max(1);
    known
        .into_iter()
        .filter_map(|candidate| {
            let letters: Vec<char> = candidate.to_lowercase().chars().take(LONGEST + 1).collect();
            let near = wanted.len() <= LONGEST && letters.len() <= LONGEST && wanted.len().abs_diff(letters.len()) <= allowed;
            let distance = if near { distance(&wanted, &letters) } else { usize::MAX };
            (distance <= allowed && distance < letters.len()).then_some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Letters that have to be put in, left out, changed or swapped with their neighbour to come from one word to the other.
#[must_use]
pub fn letters_between(a: &str, b: &str) -> usize {
    let letters = |word: &str| word.chars().take(255).collect::<Vec<_>>();
    distance(&letters(a), &letters(b))
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = [vec![0; b.len() + 1], (0..=b.len()).collect::<Vec<_>>(), vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        rows[2][0] = i;
        for j in 1..=b.len() {
            let mut best = (rows[1][j] + 1).min(rows[2][j - 1] + 1).min(rows[1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[0][j - 2] + 1);
            }
            rows[2][j] = best;
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let known = ["standard", "english", "keyword", "k1", "b"];
        for (typed, meant) in [
            ("standart", Some("standard")),
            ("Standard", Some("standard")),
            ("enlgish", Some("english")),
            ("k2", Some("k1")),
            ("spanish", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
        assert_eq!(nearest(&"a".repeat(1_000_000), known), None);
    }
}
