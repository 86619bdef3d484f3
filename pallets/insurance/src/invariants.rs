//! What must hold between blocks. Run by `try_state` and after every test.

use std::collections::{BTreeMap, BTreeSet};

use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::TryRuntimeError;
use xinglin_primitives::{
    glue::{Invoices, Setting},
    Balance, ClaimId, CoverageId, InOrder, InvoiceId, PatientId, SettlementId,
};

use crate::{
    computation::{Accumulators, Year},
    coverages::CoverageOf,
    review::{ItemCharge, Refund, Service, ITEMS_MAX, SERVICES_MAX, STAYS_MAX},
    types::{Claim, Settlement},
    Accumulated, Charges, Claims, Config, Coverages, CoveragesOf, FlaggedRefunds, HoldReason,
    InvoiceFiles, Items, NextClaim, NextCoverage, NextScheme, NextSettlement, NormsInForce,
    OpenClaims, OpenRefunds, Pallet, Refunds, Schemes, Services, Settlements, Stays, Versions,
};

type Check = Result<(), TryRuntimeError>;
type CoverageMap<T> = BTreeMap<CoverageId, CoverageOf<T>>;
type SettlementMap = BTreeMap<SettlementId, Settlement>;
type ServiceMap = BTreeMap<PatientId, Vec<Service>>;

impl<T: Config> Pallet<T> {
    /// Checks every invariant; the error says which one is broken.
    pub(crate) fn check_invariants() -> Check {
        let coverages: CoverageMap<T> = Coverages::<T>::iter().collect();
        let settlements: SettlementMap = Settlements::<T>::iter().collect();
        Self::check_schemes()?;
        Self::check_coverages(&coverages)?;
        Self::check_accounts(&coverages)?;
        Self::check_settlements(&coverages, &settlements)?;
        Self::check_accumulators(&coverages, &settlements)?;
        Self::check_indexes(&coverages, &settlements)?;
        Self::check_refunds(&coverages, &settlements)?;
        Self::check_claims(&settlements)
    }

    /// Every version is listed, in order, and within its bounds.
    fn check_schemes() -> Check {
        let mut listed = 0;
        for (id, scheme) in Schemes::<T>::iter() {
            ensure!(
                id < NextScheme::<T>::get() && !scheme.versions.is_empty(),
                "a scheme is not numbered by the pallet, or has no version"
            );
            ensure!(
                scheme.versions.windows(2).all(|pair| pair[0] < pair[1]),
                "the versions of a scheme are out of order"
            );
            for from in &scheme.versions {
                let parameters = Versions::<T>::get(id, from);
                ensure!(
                    parameters.is_some_and(|it| it.check().is_ok()),
                    "a version has no sound parameters"
                );
            }
            listed += scheme.versions.len();
        }
        ensure!(
            Versions::<T>::iter_keys().count() == listed,
            "parameters belong to no version"
        );
        Ok(())
    }

    /// Every coverage is its patient's, its standings are in order, and no day is covered twice by
    /// one scheme.
    fn check_coverages(coverages: &CoverageMap<T>) -> Check {
        for (id, it) in coverages {
            ensure!(
                *id < NextCoverage::<T>::get() && Schemes::<T>::contains_key(it.scheme),
                "a coverage is not numbered by the pallet, or has no scheme"
            );
            let is_in_order = it
                .standings
                .windows(2)
                .all(|pair| pair[0].from < pair[1].from);
            let first = it.standings.first().map(|standing| standing.from);
            ensure!(
                is_in_order && first == Some(it.period.from) && it.period.is_well_formed(),
                "the standings of a coverage do not follow each other within it"
            );
            ensure!(
                it.served_until.is_none_or(|day| it.period.has(day)),
                "more was settled than is covered"
            );
        }
        let mut listed = 0;
        for (patient, ids) in CoveragesOf::<T>::iter() {
            let own: Vec<_> = ids.iter().filter_map(|id| coverages.get(id)).collect();
            ensure!(
                own.len() == ids.len() && own.iter().all(|it| it.patient == patient),
                "a patient's list has a coverage that is not hers"
            );
            for (n, one) in own.iter().enumerate() {
                let mut others = own.iter().skip(n + 1);
                ensure!(
                    !others.any(|it| it.scheme == one.scheme && it.period.overlaps(&one.period)),
                    "a day is covered twice by one scheme"
                );
            }
            listed += own.len();
        }
        ensure!(listed == coverages.len(), "a coverage is in no list");
        Ok(())
    }

    /// What is held on each account is the sum of the personal accounts there.
    fn check_accounts(coverages: &CoverageMap<T>) -> Check {
        let mut sums: Vec<(&T::AccountId, Balance)> = Vec::new();
        for account in coverages.values().filter_map(|it| it.account.as_ref()) {
            ensure!(account.amount_fen > 0, "a personal account holds nothing");
            match sums
                .iter_mut()
                .find(|(holder, _)| **holder == account.holder)
            {
                Some((_, sum)) => *sum = sum.saturating_add(account.amount_fen),
                None => sums.push((&account.holder, account.amount_fen)),
            }
        }
        let held_fen: Balance = frame_system::Account::<T>::iter_keys()
            .map(|who| T::Currency::balance_on_hold(&HoldReason::PersonalAccount.into(), &who))
            .sum();
        let due_fen: Balance = sums.iter().map(|(_, sum)| sum).sum();
        ensure!(held_fen == due_fen, "money is held for no personal account");
        for (holder, sum) in sums {
            let reason = HoldReason::PersonalAccount.into();
            ensure!(
                T::Currency::balance_on_hold(&reason, holder) == sum,
                "the money held is not the sum of the personal accounts"
            );
        }
        Ok(())
    }

    /// Splits add up; each coverage's chain has all of its settlements, newest first, and its live
    /// chain the live ones; an invoice knows the one settlement that counts.
    fn check_settlements(coverages: &CoverageMap<T>, settlements: &SettlementMap) -> Check {
        let mut settled = BTreeSet::new();
        for (id, it) in settlements {
            ensure!(
                *id < NextSettlement::<T>::get() && it.split.is_balanced(),
                "a settlement is not numbered by the pallet, or does not add up"
            );
            ensure!(
                it.to_member_fen <= it.covered_fen(),
                "a member got more than was paid"
            );
            if it.is_live() {
                ensure!(settled.insert(it.invoice), "an invoice is settled twice");
                let bill = T::Invoices::bill(it.invoice).ok_or("a settled invoice is gone")?;
                ensure!(
                    bill.settlement == Some(*id),
                    "an invoice does not know its settlement"
                );
            }
        }
        let mut seen = 0;
        for (id, coverage) in coverages {
            let all = follow(settlements, *id, coverage.latest, |it| it.previous)?;
            let live = follow(settlements, *id, coverage.latest_live, |it| {
                it.previous_live
            })?;
            let expected = all.iter().copied().filter(|id| settlements[id].is_live());
            ensure!(
                expected.eq(live),
                "the live chain of a coverage is not its live settlements"
            );
            seen += all.len();
        }
        ensure!(seen == settlements.len(), "a settlement is in no chain");
        Self::check_files(settlements)
    }

    /// Every settlement is in the chain of its invoice.
    fn check_files(settlements: &SettlementMap) -> Check {
        let mut seen = 0;
        for (invoice, file) in InvoiceFiles::<T>::iter() {
            let mut next = file.settlement;
            while let Some(id) = next {
                let it = settlements.get(&id).ok_or("a file leads nowhere")?;
                let is_older = it.previous_of_invoice.is_none_or(|before| before < id);
                ensure!(
                    it.invoice == invoice && is_older,
                    "a file has a settlement of another invoice, or out of order"
                );
                let is_last = file.settlement == Some(id);
                ensure!(
                    is_last || !it.is_live(),
                    "a settlement counts that was followed by another"
                );
                seen += 1;
                next = it.previous_of_invoice;
            }
        }
        ensure!(seen == settlements.len(), "a settlement is in no file");
        Ok(())
    }

    /// The accumulators are exactly what the live settlements make, one after the other.
    fn check_accumulators(coverages: &CoverageMap<T>, settlements: &SettlementMap) -> Check {
        let mut expected: BTreeMap<(CoverageId, Year), Accumulators> = BTreeMap::new();
        for (id, coverage) in coverages {
            let live = follow(settlements, *id, coverage.latest_live, |it| {
                it.previous_live
            })?;
            for settlement in live.iter().rev().filter_map(|id| settlements.get(id)) {
                let sums = expected.entry((*id, settlement.year())).or_default();
                let before = sums
                    .add(&settlement.encounter, &settlement.split)
                    .map_err(|_| "the sums of a year overflow")?;
                ensure!(
                    before == settlement.admission_before,
                    "a settlement forgot the admission before"
                );
            }
        }
        for (coverage, year, sums) in Accumulated::<T>::iter() {
            let found = expected.remove(&(coverage, year)).unwrap_or_default();
            ensure!(
                found == sums,
                "accumulators are not the sums of the live settlements"
            );
        }
        ensure!(
            expected.is_empty(),
            "a year's settlements are not accumulated"
        );
        Ok(())
    }

    /// The indexes have live settlements only, and all of them unless they are full.
    fn check_indexes(coverages: &CoverageMap<T>, settlements: &SettlementMap) -> Check {
        let live: SettlementMap = settlements
            .iter()
            .filter(|(_, it)| it.is_live())
            .map(|(id, it)| (*id, it.clone()))
            .collect();
        let patient_of = |it: &Settlement| coverages.get(&it.coverage).map(|it| it.patient);
        let mut charged = BTreeSet::new();
        for ((patient, member, day), charges) in Charges::<T>::iter() {
            for charge in &charges {
                let it = live.get(&charge.settlement);
                let is_known = it.is_some_and(|it| {
                    (patient_of(it), it.member, it.service.1) == (Some(patient), member, day)
                });
                ensure!(is_known, "a charge is not that of a live settlement");
                charged.insert(charge.settlement);
            }
        }
        let has_all = live.keys().all(|id| charged.contains(id));
        ensure!(has_all, "a live settlement has no charges");
        Self::check_services(&live, settlements, patient_of)?;
        Self::check_items(&live, settlements, patient_of)
    }

    /// The services of a patient are what her live settlements say, of all of them unless there were
    /// too many; the stays are those of them that are stays.
    fn check_services(
        live: &SettlementMap,
        settlements: &SettlementMap,
        patient_of: impl Fn(&Settlement) -> Option<PatientId>,
    ) -> Check {
        let services = Services::<T>::iter().map(|(patient, all)| (patient, all.into_inner()));
        let services: ServiceMap = services.collect();
        let stays = Stays::<T>::iter().map(|(patient, all)| (patient, all.into_inner()));
        let stays: ServiceMap = stays.collect();
        let is_own = |patient: PatientId, known: &Service| {
            live.get(&known.settlement).is_some_and(|it| {
                patient_of(it) == Some(patient)
                    && *known == Service::of_settlement(known.settlement, it)
            })
        };
        for (patient, known) in services.iter().chain(&stays) {
            ensure!(
                known.iter().all(|it| is_own(*patient, it)),
                "a service is not that of a live settlement"
            );
        }
        let mut stayed = stays.values().flatten();
        ensure!(
            stayed.all(|it| it.setting == Setting::Inpatient),
            "a service counts as a stay that is none"
        );
        for (id, it) in live {
            let patient = patient_of(it).ok_or("a settlement has no coverage")?;
            let of_patient = settlements.values().map(&patient_of);
            let had = of_patient.filter(|it| *it == Some(patient)).count();
            let has = |index: &ServiceMap, max| {
                let known = index.get(&patient).into_iter().flatten();
                is_known(*id, known.map(|it| it.settlement), had, max)
            };
            ensure!(
                has(&services, SERVICES_MAX),
                "a live settlement is not counted"
            );
            let is_stay = it.encounter.setting == Setting::Inpatient;
            ensure!(
                !is_stay || has(&stays, STAYS_MAX),
                "a live stay is not known"
            );
        }
        Ok(())
    }

    /// The items of a patient at a member are those of live settlements, and of all of them unless
    /// there were too many.
    fn check_items(
        live: &SettlementMap,
        settlements: &SettlementMap,
        patient_of: impl Fn(&Settlement) -> Option<PatientId>,
    ) -> Check {
        let pair_of = |it: &Settlement| patient_of(it).map(|patient| (patient, it.member));
        let items: BTreeMap<_, _> = Items::<T>::iter().collect();
        for (pair, charges) in &items {
            let is_own = |it: &ItemCharge| {
                let of = live.get(&it.settlement);
                of.is_some_and(|of| pair_of(of) == Some(*pair) && of.service.1 == it.day)
            };
            ensure!(
                !charges.is_empty() && charges.iter().all(is_own),
                "an item is not that of a live settlement"
            );
        }
        for (id, it) in live {
            let pair = pair_of(it).ok_or("a settlement has no coverage")?;
            let of_pair = settlements.values().filter(|it| pair_of(it) == Some(pair));
            let lines: usize = of_pair
                .filter_map(|it| T::Invoices::bill(it.invoice))
                .map(|bill| bill.lines.len())
                .sum();
            let known = items.get(&pair).into_iter().flatten();
            ensure!(
                is_known(*id, known.map(|it| it.settlement), lines, ITEMS_MAX),
                "the items of a live settlement are not known"
            );
        }
        Ok(())
    }

    /// The list of refunds that wait for review is that of the flagged ones that are open, and
    /// every one that was flagged is remembered unless there were too many.
    fn check_refunds(coverages: &CoverageMap<T>, settlements: &SettlementMap) -> Check {
        let flagged: BTreeMap<_, _> = FlaggedRefunds::<T>::iter().collect();
        for (invoice, it) in &flagged {
            let of = settlements.get(&it.settlement);
            ensure!(
                of.is_some_and(|of| {
                    !of.is_live() && (of.invoice, of.coverage) == (*invoice, it.coverage)
                }),
                "a refund was flagged of what was not settled and taken back"
            );
            let is_listed = OpenRefunds::<T>::contains_key(it.insurer, InOrder::from(*invoice));
            ensure!(
                is_listed == it.is_open(),
                "the list of open refunds contradicts one"
            );
        }
        let open = flagged.values().filter(|it| it.is_open()).count();
        ensure!(
            OpenRefunds::<T>::iter_keys().count() == open,
            "the list of open refunds has others"
        );
        for ((patient, member), refunds) in Refunds::<T>::iter() {
            let is_own = |it: &Refund| {
                flagged.get(&it.invoice).is_some_and(|of| {
                    let coverage = coverages.get(&of.coverage);
                    of.member == member && coverage.is_some_and(|it| it.patient == patient)
                })
            };
            ensure!(refunds.iter().all(is_own), "a refund was not flagged");
        }
        ensure!(
            NormsInForce::<T>::get().check().is_ok(),
            "a number of the norms is out of its bounds"
        );
        Ok(())
    }

    /// Open claims are those that their insurer has to decide, and one at most of each invoice.
    fn check_claims(settlements: &SettlementMap) -> Check {
        let claims: BTreeMap<ClaimId, Claim> = Claims::<T>::iter().collect();
        let mut invoices: BTreeSet<InvoiceId> = BTreeSet::new();
        let mut open = 0;
        for (id, claim) in &claims {
            ensure!(
                *id < NextClaim::<T>::get() && !claim.flags.is_empty(),
                "a claim is not numbered by the pallet, or has no reason"
            );
            let is_listed = OpenClaims::<T>::contains_key(claim.insurer, InOrder::from(*id));
            ensure!(
                is_listed == claim.state.is_open(),
                "the list of open claims contradicts a claim"
            );
            if claim.state.is_open() {
                open += 1;
                ensure!(
                    invoices.insert(claim.invoice),
                    "two claims of an invoice are open"
                );
                ensure!(
                    InvoiceFiles::<T>::get(claim.invoice).claim == Some(*id),
                    "an invoice does not know its open claim"
                );
            }
            if let Some(settlement) = claim.settlement {
                let it = settlements.get(&settlement);
                ensure!(
                    it.is_some_and(|it| it.claim == Some(*id) && it.invoice == claim.invoice),
                    "a claim's settlement is not its own"
                );
            }
        }
        ensure!(
            OpenClaims::<T>::iter_keys().count() == open,
            "the list of open claims has others"
        );
        Ok(())
    }
}

/// Whether an index of at most `max` entries, to which so many were ever added, has one of a live
/// settlement as it should: only the oldest are forgotten, and only if there were too many.
fn is_known(
    id: SettlementId,
    known: impl Iterator<Item = SettlementId>,
    ever: usize,
    max: u32,
) -> bool {
    let known: Vec<_> = known.collect();
    let may_be_forgotten = ever > max as usize && known.iter().all(|it| *it > id);
    known.contains(&id) || may_be_forgotten
}

/// The settlements of a coverage that the links lead to, which must go back in time.
fn follow(
    settlements: &SettlementMap,
    coverage: CoverageId,
    first: Option<SettlementId>,
    link: impl Fn(&Settlement) -> Option<SettlementId>,
) -> Result<Vec<SettlementId>, TryRuntimeError> {
    let mut found = Vec::new();
    let mut next = first;
    while let Some(id) = next {
        let it = settlements.get(&id).ok_or("a chain leads nowhere")?;
        ensure!(
            it.coverage == coverage && link(it).is_none_or(|before| before < id),
            "a chain leads to another coverage or forward"
        );
        found.push(id);
        next = link(it);
    }
    Ok(found)
}
