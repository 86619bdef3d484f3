//! Lists come in pages.

/// Most entries of one page.
pub const PAGE_MAX: u32 = 100;

/// One page of a list: at most `limit` and [`PAGE_MAX`] entries, from the first on, or from the one
/// behind `after`.
///
/// `first` walks the list from its beginning, `behind` from the entry that follows a given one.
pub fn page<Key, List: Iterator>(
    after: Option<Key>,
    limit: u32,
    first: impl FnOnce() -> List,
    behind: impl FnOnce(Key) -> List,
) -> impl Iterator<Item = List::Item> {
    let list = match after {
        None => first(),
        Some(key) => behind(key),
    };
    list.take(size(limit))
}

/// How many entries a page has at most, when `limit` are asked for.
pub fn size(limit: u32) -> usize {
    limit.min(PAGE_MAX) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(after: Option<u32>, limit: u32) -> Vec<u32> {
        page(after, limit, || 0..500, |key| key + 1..500).collect()
    }

    #[test]
    fn a_page_begins_behind_and_is_bounded() {
        assert_eq!(numbers(None, 3), [0, 1, 2]);
        assert_eq!(numbers(Some(2), 3), [3, 4, 5]);
        assert_eq!(numbers(Some(498), 3), [499]);
        assert_eq!(numbers(None, u32::MAX).len(), PAGE_MAX as usize);
        assert!(numbers(None, 0).is_empty());
    }
}
