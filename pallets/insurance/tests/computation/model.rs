//! The rules once more, in another way: exact rationals, and no accumulators but the list of all
//! settlements so far, from which every sum is made anew. Instead of summing what lies in each band,
//! it takes the difference of what is paid up to two positions.

use num_rational::Ratio;
use pallet_insurance::computation::{
    Accumulation, Basis, Deductible, Encounter, Insured, Modifier, SchemeParameters, SecondBase,
    Span, Split, Table,
};
use xinglin_primitives::{
    glue::{CatalogueClass, Line},
    Balance,
};

/// Amounts in fen, ratios of one.
type Q = Ratio<i128>;

fn q(fen: impl TryInto<i128>) -> Q {
    Q::from_integer(fen.try_into().unwrap_or(i128::MAX))
}

fn bp(ratio_bp: u16) -> Q {
    Q::new(ratio_bp.into(), 10_000)
}

fn fen(amount: Q) -> Balance {
    assert!(amount.is_integer(), "{amount} is not a number of fen");
    amount.to_integer().try_into().unwrap()
}

fn zero() -> Q {
    q(0)
}

/// A settlement as the model remembers it.
#[derive(Clone)]
struct Past {
    encounter: Encounter,
    ordinal: usize,
    eligible: Q,
    deducted: Q,
    pool: Q,
    base: Q,
    second: Q,
    aid: Q,
}

/// The year of one coverage.
pub struct Model {
    parameters: SchemeParameters,
    insured: Insured,
    past: Vec<Past>,
}

/// What is paid of everything from 0 up to `position`, not rounded.
fn paid_up_to(bands: &[(Option<Q>, Q)], position: Q) -> Q {
    let mut lower = zero();
    let mut sum = zero();
    for (upper, ratio) in bands {
        let end = upper.map_or(position, |upper| position.min(upper));
        if end > lower {
            sum += (end - lower) * ratio;
        }
        lower = upper.unwrap_or(position.max(lower));
    }
    sum
}

impl Model {
    pub fn new(parameters: SchemeParameters, insured: Insured) -> Self {
        Self {
            parameters,
            insured,
            past: Vec::new(),
        }
    }

    /// Forgets the latest settlement.
    pub fn reverse(&mut self) {
        self.past.pop();
    }

    /// Settles, and says who pays what, without a personal account.
    pub fn settle(&mut self, encounter: Encounter, lines: &[Line]) -> Split {
        let mut split = Split::default();
        let mut eligible = zero();
        let (mut total, mut flat, mut prepay) = (zero(), zero(), zero());
        for line in lines {
            let (quantity, price) = (q(line.quantity), q(line.unit_price_fen));
            total += price * quantity;
            let within = price.min(line.price_limit_fen.map_or(price, q)) * quantity;
            match (line.fund_share_bp, line.class) {
                (Some(share), _) => flat += (within * bp(share)).floor(),
                (None, CatalogueClass::C) => {}
                (None, _) => {
                    let first = (within * bp(line.prepay_bp)).ceil();
                    prepay += first;
                    eligible += within - first;
                }
            }
        }
        let (ordinal, same) = self.admission(encounter);
        let deducted = self
            .deductible_left(encounter, ordinal, &same)
            .min(eligible);
        let (pool, exhausted) = self.pool(encounter, &same, eligible, deducted);
        let base = self.base(total - flat, eligible, deducted, pool, exhausted);
        let second = self.second(encounter, base);
        let aid = self.aid(encounter, eligible - pool - second);

        split.total_fen = fen(total);
        split.own_fen = fen(total - flat - prepay - eligible);
        split.prepay_fen = fen(prepay);
        split.flat_fen = fen(flat);
        split.eligible_fen = fen(eligible);
        split.deductible_fen = fen(deducted);
        split.pool_fen = fen(pool);
        split.second_base_fen = fen(base);
        split.second_fen = fen(second);
        split.aid_fen = fen(aid);
        split.cash_fen = fen(total - flat - pool - second - aid);
        split.starts_admission = same.is_empty();
        self.past.push(Past {
            encounter,
            ordinal,
            eligible,
            deducted,
            pool,
            base,
            second,
            aid,
        });
        split
    }

    fn find<'a, V>(&self, table: &'a Table<V>, encounter: Encounter) -> Option<&'a V> {
        let fits = |row: &&pallet_insurance::computation::Row<V>| {
            let when = row.when;
            let mut fits = true;
            if let Some(setting) = when.setting {
                fits &= setting == encounter.setting;
            }
            if let Some(level) = when.level {
                fits &= encounter.level == Some(level);
            }
            if let Some(category) = when.category {
                fits &= category == self.insured.category;
            }
            if let Some(group) = when.age_group {
                fits &= group == self.insured.age_group;
            }
            fits
        };
        table.0.iter().find(fits).map(|row| &row.then)
    }

    fn of_setting(&self, encounter: Encounter) -> Vec<Past> {
        let same = self.past.iter();
        same.filter(|it| it.encounter.setting == encounter.setting)
            .cloned()
            .collect()
    }

    /// The ordinal of the admission, from 1, and what was settled of it before.
    fn admission(&self, encounter: Encounter) -> (usize, Vec<Past>) {
        let all = self.of_setting(encounter);
        let latest = all.last().map_or(0, |it| it.ordinal);
        let goes_on = encounter.visit.is_some()
            && all
                .last()
                .is_some_and(|it| it.encounter.visit == encounter.visit);
        if !goes_on {
            return (latest + 1, Vec::new());
        }
        let same = all.into_iter().filter(|it| it.ordinal == latest);
        (latest, same.collect())
    }

    /// What counts of the year for deductible and bands.
    fn counting(&self, encounter: Encounter) -> Vec<Past> {
        match self.parameters.accumulation {
            Accumulation::PerSetting => self.of_setting(encounter),
            Accumulation::Together => self.past.clone(),
        }
    }

    fn deductible_left(&self, encounter: Encounter, ordinal: usize, same: &[Past]) -> Q {
        let deducted = |all: &[Past]| all.iter().map(|it| it.deducted).sum::<Q>();
        let left = match self.find(&self.parameters.deductibles, encounter) {
            None => zero(),
            Some(Deductible::Annual(whole)) => q(*whole) - deducted(&self.counting(encounter)),
            Some(Deductible::PerAdmission(list)) => {
                q(list[ordinal.min(list.len()) - 1]) - deducted(same)
            }
        };
        left.max(zero())
    }

    /// What the pool pays, and how much of what counts it took to exhaust its cap.
    fn pool(
        &self,
        encounter: Encounter,
        same: &[Past],
        eligible: Q,
        deducted: Q,
    ) -> (Q, Option<Q>) {
        let pool = &self.parameters.pool;
        let before = match pool.span {
            Span::Year => self.counting(encounter),
            Span::Admission => same.to_vec(),
        };
        let eligible_before: Q = before.iter().map(|it| it.eligible).sum();
        let deducted_before: Q = before.iter().map(|it| it.deducted).sum();
        let start = match pool.basis {
            Basis::Net => eligible_before - deducted_before,
            Basis::Gross => eligible_before + deducted,
        };
        let modifier = self.find(&pool.modifiers, encounter);
        let ratio = |ratio_bp: u16| match modifier {
            None => bp(ratio_bp),
            Some(Modifier::Points(points)) => (bp(ratio_bp) + bp(*points)).min(q(1)),
            Some(Modifier::PersonalFactor(factor)) => q(1) - (q(1) - bp(ratio_bp)) * bp(*factor),
        };
        let bands: Vec<(Option<Q>, Q)> = self
            .find(&pool.bands, encounter)
            .into_iter()
            .flatten()
            .map(|band| (band.up_to_fen.map(q), ratio(band.ratio_bp)))
            .collect();
        let paid = |length: Q| paid_up_to(&bands, start + length) - paid_up_to(&bands, start);
        let counted = eligible - deducted;
        let whole = paid(counted);
        match self.pool_left(encounter) {
            Some(left) if whole >= left => {
                // The least number of fen after which the cap is paid.
                let (mut low, mut high) = (0, counted.to_integer());
                while low < high {
                    let middle = (low + high) / 2;
                    if paid(q(middle)) >= left {
                        high = middle;
                    } else {
                        low = middle + 1;
                    }
                }
                (left, Some(q(low)))
            }
            _ => (whole.floor(), None),
        }
    }

    fn pool_left(&self, encounter: Encounter) -> Option<Q> {
        let cap = self.find(&self.parameters.pool.caps, encounter)?;
        let paid = |all: &[Past]| all.iter().map(|it| it.pool).sum::<Q>();
        let of_setting = cap
            .of_setting_fen
            .map(|cap| q(cap) - paid(&self.of_setting(encounter)));
        let of_year = cap.of_year_fen.map(|cap| q(cap) - paid(&self.past));
        let least = match (of_setting, of_year) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        Some(least.max(zero()))
    }

    fn base(&self, rest: Q, eligible: Q, deducted: Q, pool: Q, exhausted: Option<Q>) -> Q {
        let Some(tier) = &self.parameters.second else {
            return zero();
        };
        let without = if tier.with_deductible {
            zero()
        } else {
            deducted
        };
        match (tier.base, exhausted) {
            (SecondBase::EligibleRest, _) => eligible - pool - without,
            (SecondBase::TotalRest, _) => rest - pool - without,
            (SecondBase::AboveCap, None) => zero(),
            (SecondBase::AboveCap, Some(after)) if after == zero() => eligible - without,
            (SecondBase::AboveCap, Some(after)) => eligible - deducted - after,
        }
    }

    fn second(&self, encounter: Encounter, base: Q) -> Q {
        let Some(tier) = &self.parameters.second else {
            return zero();
        };
        let start = self
            .find(&tier.starts, encounter)
            .map_or(zero(), |it| q(*it));
        let before: Q = self.past.iter().map(|it| it.base).sum();
        let shift = match tier.basis {
            Basis::Net => start,
            Basis::Gross => zero(),
        };
        let position = |sum: Q| sum.max(start) - shift;
        let bands: Vec<(Option<Q>, Q)> = self
            .find(&tier.bands, encounter)
            .into_iter()
            .flatten()
            .map(|band| (band.up_to_fen.map(q), bp(band.ratio_bp)))
            .collect();
        let paid =
            paid_up_to(&bands, position(before + base)) - paid_up_to(&bands, position(before));
        let had: Q = self.past.iter().map(|it| it.second).sum();
        match self.find(&tier.caps, encounter) {
            Some(cap) => paid.floor().min((q(*cap) - had).max(zero())),
            None => paid.floor(),
        }
    }

    fn aid(&self, encounter: Encounter, rest: Q) -> Q {
        let Some(aid) = &self.parameters.aid else {
            return zero();
        };
        let ratio = self
            .find(&aid.ratios, encounter)
            .map_or(zero(), |it| bp(*it));
        let share = (rest.max(zero()) * ratio).floor();
        let had: Q = self.past.iter().map(|it| it.aid).sum();
        match self.find(&aid.caps, encounter) {
            Some(cap) => share.min((q(*cap) - had).max(zero())),
            None => share,
        }
    }
}
