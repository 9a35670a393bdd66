//! What somebody who wrote an unknown word probably meant.

/// `; did you mean …?` when one of the names is close, else the list of the names.
pub(crate) fn suggestion(written: &str, plural: &str, names: &[&str]) -> String {
    match closest(written, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("the {plural} are {}", list(names)),
    }
}

/// The name that a typo in `written` most likely stands for.
pub(crate) fn closest<'a>(written: &str, names: &[&'a str]) -> Option<&'a str> {
    let written = written.to_lowercase();
    let length = written.chars().count();
    // A third of the word may be wrong; two letters of a middling one; only one of a word of three letters, where two would fit anything.
    let limit = if length <= 3 { 1 } else { (length / 3).max(2) };
    names
        .iter()
        .map(|name| (distance(&written, name), *name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `` `a`, `b` and `c` ``
pub(crate) fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// Damerau-Levenshtein with adjacent swaps: how many letters were added, lost, changed or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let changed = rows[i][j] + usize::from(l != r);
            let mut best = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *l == right[j - 1] && left[i - 1] == *r {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_of_neighbours_is_one_mistake() {
        assert_eq!(distance("attmepts", "attempts"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn a_short_word_is_not_everything() {
        assert_eq!(closest("foo", &["min", "max"]), None);
        assert_eq!(closest("mx", &["min", "max"]), Some("max"));
    }

    #[test]
    fn names_are_listed_in_prose() {
        assert_eq!(list(&["a"]), "`a`");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
