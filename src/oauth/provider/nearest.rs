//! Suggests the provider that a mistyped name was meant to be.

/// Longer names are those of no provider, and would cost time.
const MAX_BYTES: usize = 64;

/// `. Did you mean '…'?` with the nearest of `names`, if it takes at most one change in three characters; else
/// nothing.
#[must_use]
pub fn did_you_mean<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    if typed.len() > MAX_BYTES {
        return String::new();
    }
    let most = typed.chars().count().div_ceil(3);
    let is_near = |name: &&str| name.len().abs_diff(typed.len()) <= most;
    let nearest = names.into_iter().filter(is_near).map(|name| (distance(typed, name), name)).min();
    match nearest {
        Some((changes, name)) if changes <= most => format!(". Did you mean '{name}'?"),
        _ => String::new(),
    }
}

/// The Levenshtein distance: how many bytes have to be inserted, deleted or replaced.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let (mut before, mut last) = (i, i + 1);
        for (right, cell) in b.bytes().zip(row.iter_mut().skip(1)) {
            let replaced = before + usize::from(left != right);
            before = *cell;
            last = replaced.min(before + 1).min(last + 1);
            *cell = last;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_recognized_and_another_one_is_not() {
        let names = ["github", "gitlab", "hubspot"];
        for typed in ["githb", "gihtub", "Github"] {
            assert_eq!(did_you_mean(typed, names), ". Did you mean 'github'?", "{typed}");
        }
        assert_eq!(did_you_mean("hubspt", names), ". Did you mean 'hubspot'?");
        for other in ["", "acme", "salesforce"] {
            assert_eq!(did_you_mean(other, names), "", "{other}");
        }
        assert_eq!(did_you_mean("githb", []), "");
    }
}
