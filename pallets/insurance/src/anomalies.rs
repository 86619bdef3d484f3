//! The rules by which a bill is remarkable: pure functions over the bill and what is remembered of
//! the patient. None of them says that something is wrong; each says that somebody should look.
//!
//! What an item is, a rule cannot know: a line has a commitment to it only, by which equal items of
//! one patient at one member are equal. So items are compared within one patient and one member, by
//! their [tags](crate::review::ItemTag).

use xinglin_primitives::{
    glue::{Bill, Line, Setting, WHOLE_BP},
    time::Date,
};

use crate::{
    computation::Frequency,
    norms::{Repetitions, Swap},
    review::{tag_of, Charge, ItemCharge, ItemTag, Refund, Service, Terms},
};

impl Service {
    /// Whether a bill is for the same visit to the same member.
    fn is_of_visit(&self, bill: &Bill) -> bool {
        self.member == bill.member && self.visit.is_some() && self.visit == bill.visit
    }

    /// Whether this and a bill are for two visits at a time, at least one of them a stay: it is the
    /// same for either, whichever is settled later. Who is discharged and admitted elsewhere on one
    /// day has no two stays at a time.
    pub(crate) fn conflicts_with(&self, bill: &Bill) -> bool {
        let ((from, to), (first, last)) = (self.days, bill.service);
        let has_stay = [self.setting, bill.setting].contains(&Setting::Inpatient);
        has_stay && !self.is_of_visit(bill) && from < last && first < to
    }

    /// Whether this is a stay, and a bill is for another one at the same member, at most so many days
    /// after this one, or before it if it is settled later.
    pub(crate) fn is_continued_by(&self, bill: &Bill, days: u16) -> bool {
        let ((from, to), (first, last)) = (self.days, bill.service);
        let follows = |end: Date, start: Date| {
            let gap = start.0.checked_sub(end.0);
            gap.is_some_and(|gap| gap <= u32::from(days))
        };
        [self.setting, bill.setting] == [Setting::Inpatient; 2]
            && self.member == bill.member
            && !self.is_of_visit(bill)
            && (follows(to, first) || follows(last, from))
    }
}

/// Whether an item of the bill occurs twice in it or in what was settled before.
pub(crate) fn has_duplicate(bill: &Bill, settled: &[Charge]) -> bool {
    let mut own: Vec<ItemTag> = bill.lines.iter().map(|line| tag_of(&line.item)).collect();
    own.sort_unstable();
    let is_own = |charge: &Charge| own.binary_search(&charge.item).is_ok();
    own.windows(2).any(|pair| pair[0] == pair[1]) || settled.iter().any(is_own)
}

/// Whether one more settled on `day` is more than is usual.
pub(crate) fn is_frequent(settled: &[Service], day: Date, usual: Frequency) -> bool {
    let mut days: Vec<u32> = settled.iter().map(|it| it.days.1 .0).collect();
    days.sort_unstable();
    most_around(day.0, usual.days, &days) >= usize::from(usual.invoices)
}

/// Whether an item of the bill is charged on other terms than elsewhere in it, or than the member
/// charged it before or afterwards.
pub(crate) fn has_swap(bill: &Bill, settled: &[ItemCharge], swap: Swap) -> bool {
    let own = Items::of(bill);
    let is_swapped = |a: &Terms, b: &Terms| a.differ_from(b, swap.price_bp);
    let in_bill = own.each().any(|lines| {
        let mut pairs = lines.iter().enumerate();
        pairs.any(|(n, a)| lines[n + 1..].iter().any(|b| is_swapped(&a.1, &b.1)))
    });
    let near = |it: &&ItemCharge| it.day.0.abs_diff(bill.service.1 .0) <= u32::from(swap.days);
    in_bill
        || settled.iter().filter(near).any(|it| {
            let same = own.lines_of(it.item);
            same.iter().any(|(_, terms)| is_swapped(terms, &it.terms))
        })
}

/// Whether an item of the bill is charged more often than is usual for its class. Of an item in
/// several classes, which is a swap, the first counts.
pub(crate) fn is_repeated(bill: &Bill, settled: &[ItemCharge], usual: &Repetitions) -> bool {
    let own = Items::of(bill);
    let mut known: Vec<(ItemTag, u32)> = settled.iter().map(|it| (it.item, it.day.0)).collect();
    known.sort_unstable();
    let mut items = own.each();
    items.any(|lines| {
        let (item, terms) = lines[0];
        let Some(norm) = usual.of(terms.class) else {
            return false;
        };
        let first = known.partition_point(|it| it.0 < item);
        let behind = known.partition_point(|it| it.0 <= item);
        let days: Vec<u32> = known[first..behind].iter().map(|it| it.1).collect();
        let around = most_around(bill.service.1 .0, norm.days, &days);
        around.saturating_add(lines.len()) > usize::from(norm.times)
    })
}

/// Whether the bill was issued at most so many days after the member refunded the patient something
/// that had been settled.
pub(crate) fn follows_refund(bill: &Bill, refunds: &[Refund], days: u16) -> bool {
    let issued = Date::of(bill.issued_at);
    let mut refunds = refunds.iter();
    refunds.any(|it| is_within(it.day, issued, days))
}

/// Whether `to` is the same day as `from`, or at most so many days later.
pub(crate) fn is_within(from: Date, to: Date, days: u16) -> bool {
    let passed = to.0.checked_sub(from.0);
    passed.is_some_and(|passed| passed <= u32::from(days))
}

/// The most of `days`, which are in order, that any period of so many days has in which `day` is:
/// in whichever order bills are settled, one of those that are too many finds the others.
fn most_around(day: u32, period: u16, days: &[u32]) -> usize {
    let further = u32::from(period).saturating_sub(1);
    let earliest = day.saturating_sub(further);
    // A period that has the most begins with one of them, or with the day itself.
    let begins = days.iter().copied().chain([day]);
    let begins = begins.filter(|begin| (earliest..=day).contains(begin));
    let within = begins.map(|begin| {
        let last = begin.saturating_add(further);
        let first = days.partition_point(|it| *it < begin);
        let behind = days.partition_point(|it| *it <= last);
        behind.saturating_sub(first)
    });
    within.max().unwrap_or(0)
}

/// The lines of a bill by item.
struct Items(Vec<(ItemTag, Terms)>);

impl Items {
    fn of(bill: &Bill) -> Self {
        let lines = bill.lines.iter();
        let mut own: Vec<_> = lines
            .map(|line| (tag_of(&line.item), Terms::of(line)))
            .collect();
        own.sort_unstable();
        Self(own)
    }

    /// The lines of each item, of which there is at least one.
    fn each(&self) -> impl Iterator<Item = &[(ItemTag, Terms)]> {
        self.0.chunk_by(|(a, _), (b, _)| a == b)
    }

    fn lines_of(&self, item: ItemTag) -> &[(ItemTag, Terms)] {
        let first = self.0.partition_point(|it| it.0 < item);
        let behind = self.0.partition_point(|it| it.0 <= item);
        &self.0[first..behind]
    }
}

impl Terms {
    pub(crate) fn of(line: &Line) -> Self {
        Self {
            class: line.class,
            prepay_bp: line.prepay_bp,
            fund_share_bp: line.fund_share_bp,
            unit_price_fen: line.unit_price_fen,
        }
    }

    /// Whether insurance pays otherwise, or the higher price is more than `price_bp` above the
    /// lower.
    fn differ_from(&self, other: &Self, price_bp: u16) -> bool {
        let paid = |it: &Self| (it.class, it.prepay_bp, it.fund_share_bp);
        let low = self.unit_price_fen.min(other.unit_price_fen);
        let high = self.unit_price_fen.max(other.unit_price_fen);
        let most_bp = u128::from(WHOLE_BP) + u128::from(price_bp);
        // Products of 64 and less than 32 bits.
        let is_dearer = u128::from(high) * u128::from(WHOLE_BP) > u128::from(low) * most_bp;
        paid(self) != paid(other) || is_dearer
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_fullest_period_with_the_day_is_found(
            day in 0..60u32,
            period in 1..20u16,
            mut days in proptest::collection::vec(0..60u32, 0..20),
        ) {
            days.sort_unstable();
            let length = u32::from(period);
            // Every period with the day in it, even if it would begin before time does.
            let ends = day..day + length;
            let counts = ends.map(|last| {
                let is_within = |it: &&u32| **it <= last && **it + length > last;
                days.iter().filter(is_within).count()
            });
            prop_assert_eq!(most_around(day, period, &days), counts.max().unwrap());
        }
    }
}
