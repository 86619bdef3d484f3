//! What must hold between blocks. Run by `try_state` and after every step of the property tests.

use std::collections::{BTreeMap, BTreeSet};

use frame_support::{
    ensure,
    traits::fungible::{Inspect, InspectHold},
};
use sp_runtime::TryRuntimeError;
use xinglin_primitives::{Balance, Hash, InvoiceId, MemberId, PatientId};

use crate::{
    number::InvoiceNumber,
    refunds::merged,
    types::{BankBook, InOrder, Invoice, LineParts, RedLetter, Source},
    Banks, ByEnvelope, Config, Endowed, HoldReason, InvoiceLines, Invoices, LatestOfPatient,
    LatestOfVisit, NextInvoice, NextProvider, NextRedemption, Numbers, OpenRedemptions, Pallet,
    PaymentIds, Payments, ProviderAccounts, Providers, Receipts, RedLetters, RedLettersOf,
    Redemptions, RedemptionsOf, RefundIds, RefundedParts, Sequences, Unpaid,
};

type Check = Result<(), TryRuntimeError>;
type Blue = BTreeMap<InvoiceId, Invoice>;
type Red = BTreeMap<InvoiceId, RedLetter>;

impl<T: Config> Pallet<T> {
    /// Checks every invariant; the error says which one is broken.
    pub(crate) fn check_invariants() -> Check {
        let blue: Blue = Invoices::<T>::iter().collect();
        let red: Red = RedLetters::<T>::iter().collect();
        Self::check_numbers(&blue, &red)?;
        Self::check_tallies(&blue)?;
        Self::check_payments(&blue, &red)?;
        Self::check_red_letters(&blue, &red)?;
        Self::check_chains(&blue)?;
        Self::check_banks()?;
        Self::check_redemptions()?;
        Self::check_providers()
    }

    /// Ids, numbers and envelopes are unique, and a member's numbers of a year run from 1 without a gap.
    fn check_numbers(blue: &Blue, red: &Red) -> Check {
        let mut sequences: BTreeMap<(MemberId, u16), BTreeSet<u32>> = BTreeMap::new();
        let of_blue = blue.iter().map(|(id, invoice)| (*id, invoice.number));
        let of_red = red.iter().map(|(id, letter)| (*id, letter.number));
        let mut count = 0;
        for (id, number) in of_blue.chain(of_red) {
            let InvoiceNumber {
                year,
                member,
                sequence,
            } = number;
            ensure!(
                Numbers::<T>::get(number) == Some(id),
                "a number does not lead to its invoice"
            );
            let is_new = sequences
                .entry((member, year))
                .or_default()
                .insert(sequence);
            ensure!(is_new, "two invoices have one number");
            count += 1;
        }
        ensure!(
            Numbers::<T>::iter_keys().count() == count,
            "a number has no invoice"
        );
        ensure!(
            NextInvoice::<T>::get().0 == count as u64,
            "ids of invoices have a gap"
        );
        ensure!(
            blue.iter()
                .all(|(id, invoice)| ByEnvelope::<T>::get(invoice.details.envelope) == Some(*id))
                && ByEnvelope::<T>::iter_keys().count() == blue.len(),
            "the invoices by envelope are wrong"
        );
        for (member, year, last) in Sequences::<T>::iter() {
            let numbers = sequences.remove(&(member, year)).unwrap_or_default();
            ensure!(
                numbers.into_iter().eq(1..=last),
                "the numbers of a year have a gap"
            );
        }
        ensure!(sequences.is_empty(), "a number is beyond its sequence");
        Ok(())
    }

    /// Totals are the sums of the lines, no more is paid, covered and refunded, and what is due is
    /// in the list of what is due.
    fn check_tallies(blue: &Blue) -> Check {
        let mut due = BTreeSet::new();
        for (id, invoice) in blue {
            let tally = &invoice.tally;
            let lines = InvoiceLines::<T>::get(id).ok_or("an invoice has no lines")?;
            let sum: Balance = lines.iter().map(|line| line.amount_fen()).sum();
            ensure!(
                !lines.is_empty() && sum == tally.total_fen,
                "a total is not the sum of its lines"
            );
            ensure!(
                tally.paid_fen + tally.covered_fen + tally.refunded_fen <= tally.total_fen,
                "more is paid, covered and refunded than charged"
            );
            ensure!(
                tally.settlement.is_some() || tally.covered_fen == 0,
                "an invoice is covered by nothing"
            );
            ensure!(
                tally.settlement.is_none() || tally.is_open(),
                "an invoice is settled that is not open"
            );
            let is_touched = tally.paid_fen > 0 || tally.refunded_fen > 0;
            ensure!(
                !(tally.is_cancelled && is_touched),
                "something is paid on a cancelled invoice"
            );
            if tally.due_fen() > 0 {
                due.insert((invoice.number.member, *id));
            }
        }
        let unpaid: BTreeSet<_> = Unpaid::<T>::iter_keys()
            .map(|(member, key)| (member, InvoiceId(key.id())))
            .collect();
        ensure!(unpaid == due, "the list of unpaid invoices is wrong");
        ensure!(
            InvoiceLines::<T>::iter_keys().all(|id| blue.contains_key(&id)),
            "lines have no invoice"
        );
        Ok(())
    }

    /// The payments of an invoice sum up to what is paid on it; each has used its id or receipt.
    fn check_payments(blue: &Blue, red: &Red) -> Check {
        let mut ids: BTreeSet<(PatientId, Hash)> = BTreeSet::new();
        let mut receipts = BTreeSet::new();
        for (id, payments) in Payments::<T>::iter() {
            let invoice = blue.get(&id).ok_or("a payment has no invoice")?;
            let mut kept_fen: Balance = 0;
            for payment in payments {
                kept_fen += payment
                    .amount_fen
                    .checked_sub(payment.returned_fen)
                    .ok_or("more of a payment is returned than was paid")?;
                match payment.source {
                    Source::Balance { payment: key, .. } => {
                        let record = PaymentIds::<T>::get(invoice.patient, key);
                        ensure!(
                            record.is_some_and(
                                |r| r.invoice == id && r.amount_fen == payment.amount_fen
                            ) && ids.insert((invoice.patient, key)),
                            "a payment does not have its id"
                        );
                    }
                    Source::Outside {
                        provider,
                        reference,
                        ..
                    } => {
                        receipts.insert((provider, reference, id));
                    }
                }
            }
            ensure!(
                kept_fen == invoice.tally.paid_fen,
                "what is paid is not the sum of the payments"
            );
        }
        for (id, invoice) in blue {
            let is_paid = invoice.tally.paid_fen > 0;
            ensure!(
                !is_paid || Payments::<T>::contains_key(id),
                "an invoice is paid by nothing"
            );
        }
        for (id, letter) in red {
            for owed in &letter.outside {
                if let Some(reference) = owed.confirmed {
                    receipts.insert((owed.provider, reference, *id));
                }
            }
        }
        let used: BTreeSet<_> = Receipts::<T>::iter().collect();
        ensure!(used == receipts, "the list of used receipts is wrong");
        ensure!(
            PaymentIds::<T>::iter_keys().count() == ids.len(),
            "a payment id has no payment"
        );
        Ok(())
    }

    /// Red-letter invoices sum up to what is refunded, exceed no line, and have given back what the
    /// payments say.
    fn check_red_letters(blue: &Blue, red: &Red) -> Check {
        let mut seen = 0;
        for (id, invoice) in blue {
            let lines = InvoiceLines::<T>::get(id).ok_or("an invoice has no lines")?;
            let (mut parts, mut total_fen, mut given_back_fen) = (LineParts::default(), 0, 0);
            for letter in RedLettersOf::<T>::get(id) {
                let letter = red.get(&letter).ok_or("a red-letter invoice is lost")?;
                ensure!(letter.blue == *id, "a red-letter invoice is of another");
                ensure!(
                    letter.number.member == invoice.number.member,
                    "a red-letter invoice is another member's"
                );
                ensure!(
                    (invoice.issued_in..=Self::block()).contains(&letter.issued_in),
                    "a red-letter invoice is of no block after the blue one"
                );
                parts = merged(&lines, &parts, &letter.parts)
                    .ok_or("red-letter invoices exceed a line")?;
                let sum: Balance = letter.parts.iter().map(|part| part.amount_fen).sum();
                ensure!(
                    sum == letter.total_fen && sum > 0,
                    "a red total is not the sum of its parts"
                );
                total_fen += sum;
                let outside: Balance = letter.outside.iter().map(|owed| owed.amount_fen).sum();
                given_back_fen += letter.to_balance_fen + outside;
                seen += 1;
            }
            ensure!(
                total_fen == invoice.tally.refunded_fen,
                "what is refunded is not the sum of the red-letter invoices"
            );
            ensure!(
                parts == RefundedParts::<T>::get(id),
                "the refunded parts are not those of the red-letter invoices"
            );
            let returned_fen: Balance = Payments::<T>::get(id).iter().map(|p| p.returned_fen).sum();
            ensure!(
                returned_fen == given_back_fen,
                "what is given back is not what the payments say"
            );
        }
        ensure!(seen == red.len(), "a red-letter invoice has no blue one");
        ensure!(
            RefundIds::<T>::iter_values().count() == red.len()
                && RefundIds::<T>::iter_values().all(|record| red.contains_key(&record.red)),
            "a refund id has no red-letter invoice"
        );
        Ok(())
    }

    /// The chains of patients and visits have all their invoices, newest first.
    fn check_chains(blue: &Blue) -> Check {
        let (mut of_patients, mut of_visits) = (0, 0);
        for (patient, latest) in LatestOfPatient::<T>::iter() {
            let mut next = Some(latest);
            while let Some(id) = next {
                let invoice = blue.get(&id).ok_or("a chain leads nowhere")?;
                ensure!(
                    invoice.patient == patient,
                    "a chain leads to another patient"
                );
                next = invoice.previous_of_patient;
                ensure!(next.is_none_or(|p| p < id), "a chain leads forward");
                of_patients += 1;
            }
        }
        for (visit, latest) in LatestOfVisit::<T>::iter() {
            let mut next = Some(latest);
            while let Some(id) = next {
                let invoice = blue.get(&id).ok_or("a chain leads nowhere")?;
                ensure!(
                    invoice.visit == Some(visit),
                    "a chain leads to another visit"
                );
                next = invoice.previous_of_visit;
                ensure!(next.is_none_or(|p| p < id), "a chain leads forward");
                of_visits += 1;
            }
        }
        ensure!(of_patients == blue.len(), "an invoice is in no chain");
        let with_visit = blue.values().filter(|i| i.visit.is_some()).count();
        ensure!(of_visits == with_visit, "an invoice is not its visit's");
        Ok(())
    }

    /// No bank redeems, or is asked to redeem, more than it issued, and there is no other money
    /// than what banks owe and what the chain began with.
    fn check_banks() -> Check {
        let mut backed_fen = Endowed::<T>::get();
        for book in Banks::<T>::iter_values() {
            let BankBook {
                issued_fen,
                redeemed_fen,
                pending_fen,
            } = book;
            ensure!(
                redeemed_fen + pending_fen <= issued_fen,
                "a bank redeems more than it issued"
            );
            backed_fen += issued_fen - redeemed_fen;
        }
        ensure!(
            backed_fen == T::Currency::total_issuance(),
            "the money there is was not issued by the banks"
        );
        Ok(())
    }

    /// What is held is the sum of the open redemptions, and so is what banks are asked for.
    fn check_redemptions() -> Check {
        let mut by_holder: Vec<(T::AccountId, Balance, usize)> = Vec::new();
        let mut by_bank: BTreeMap<MemberId, Balance> = BTreeMap::new();
        let mut open = 0;
        let mut asked_fen: Balance = 0;
        for (id, redemption) in Redemptions::<T>::iter() {
            ensure!(
                id < NextRedemption::<T>::get() && redemption.amount_fen > 0,
                "a redemption is not the pallet's"
            );
            ensure!(
                OpenRedemptions::<T>::contains_key(redemption.bank, InOrder::from(id)),
                "a redemption is not in its bank's list"
            );
            ensure!(
                RedemptionsOf::<T>::get(&redemption.holder).contains(&id),
                "a redemption is not in its holder's list"
            );
            let amount_fen = redemption.amount_fen;
            asked_fen += amount_fen;
            *by_bank.entry(redemption.bank).or_default() += amount_fen;
            match by_holder
                .iter_mut()
                .find(|(holder, ..)| *holder == redemption.holder)
            {
                Some((_, sum, count)) => (*sum, *count) = (*sum + amount_fen, *count + 1),
                None => by_holder.push((redemption.holder, amount_fen, 1)),
            }
            open += 1;
        }
        ensure!(
            OpenRedemptions::<T>::iter_keys().count() == open
                && RedemptionsOf::<T>::iter_keys().count() == by_holder.len(),
            "a list names a redemption that is closed"
        );
        for (holder, sum, count) in by_holder {
            let held = T::Currency::balance_on_hold(&HoldReason::Redemption.into(), &holder);
            ensure!(held == sum, "the money held is not that of the redemptions");
            ensure!(
                RedemptionsOf::<T>::get(&holder).len() == count,
                "a list names a redemption that is closed"
            );
        }
        let held_fen: Balance = frame_system::Account::<T>::iter_keys()
            .map(|who| T::Currency::balance_on_hold(&HoldReason::Redemption.into(), &who))
            .sum();
        ensure!(held_fen == asked_fen, "money is held for no redemption");
        for (bank, book) in Banks::<T>::iter() {
            ensure!(
                by_bank.remove(&bank).unwrap_or_default() == book.pending_fen,
                "what a bank is asked for is not the sum of its redemptions"
            );
        }
        ensure!(by_bank.is_empty(), "a bank without a book is asked");
        Ok(())
    }

    /// Each registered provider has its account, and nobody else has one.
    fn check_providers() -> Check {
        let mut active = 0;
        for (id, provider) in Providers::<T>::iter() {
            ensure!(
                id < NextProvider::<T>::get(),
                "a provider is not numbered by the pallet"
            );
            if !provider.is_retired {
                active += 1;
                ensure!(
                    ProviderAccounts::<T>::get(&provider.account) == Some(id),
                    "a provider does not have its account"
                );
            }
        }
        ensure!(
            ProviderAccounts::<T>::iter_keys().count() == active,
            "an account has no provider"
        );
        Ok(())
    }
}
