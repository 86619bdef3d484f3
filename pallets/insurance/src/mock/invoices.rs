//! Invoices of the tests.

use super::*;

/// An invoice. In storage, so that refused calls leave it as it was.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MockBill {
    pub member: MemberId,
    pub patient: PatientId,
    pub visit: Option<AppointmentId>,
    pub setting: Setting,
    pub service: (Date, Date),
    pub lines: Lines,
    pub paid_fen: Balance,
    pub covered_fen: Balance,
    pub settlement: Option<SettlementId>,
    pub is_open: bool,
}

#[storage_alias]
pub type Bills = StorageMap<MockInvoices, Twox64Concat, InvoiceId, MockBill>;
#[storage_alias]
type UsedPayments = StorageMap<MockInvoices, Twox64Concat, Hash, ()>;

impl MockBill {
    pub fn total_fen(&self) -> Balance {
        self.lines.iter().map(Line::amount_fen).sum()
    }

    fn due_fen(&self) -> Balance {
        self.total_fen() - self.paid_fen - self.covered_fen
    }
}

impl glue::Invoices<AccountId> for Registry {
    fn bill(invoice: InvoiceId) -> Option<Bill> {
        let it = Bills::get(invoice)?;
        let total_fen = it.total_fen();
        Some(Bill {
            member: it.member,
            patient: it.patient,
            visit: it.visit,
            setting: it.setting,
            service: it.service,
            issued_at: it.service.1.start(),
            lines: it.lines,
            total_fen,
            paid_fen: it.paid_fen,
            settlement: it.settlement,
            is_open: it.is_open,
        })
    }

    fn cover(invoice: InvoiceId, settlement: SettlementId, covered_fen: Balance) -> DispatchResult {
        change(invoice, |it| {
            ensure!(it.is_open && it.settlement.is_none(), "not to be settled");
            ensure!(covered_fen <= it.due_fen(), "too much");
            it.settlement = Some(settlement);
            it.covered_fen = covered_fen;
            Ok(())
        })
    }

    fn uncover(invoice: InvoiceId, settlement: SettlementId) -> DispatchResult {
        change(invoice, |it| {
            ensure!(it.settlement == Some(settlement), "another settlement");
            it.settlement = None;
            it.covered_fen = 0;
            Ok(())
        })
    }

    fn pay_from_balance(
        payer: &AccountId,
        invoice: InvoiceId,
        amount_fen: Balance,
        payment: Hash,
    ) -> DispatchResult {
        use glue::{Members, Patients};
        ensure!(!UsedPayments::contains_key(payment), "used");
        UsedPayments::insert(payment, ());
        change(invoice, |it| {
            let may_pay = Self::acts_for(payer, it.patient, Scope::Paying);
            ensure!(may_pay && amount_fen <= it.due_fen(), "not to be paid");
            it.paid_fen += amount_fen;
            let to = <Self as Members<AccountId>>::account_of(it.member);
            let to = to.ok_or("no member")?;
            Balances::transfer(&own(it.patient), &to, amount_fen, Preservation::Preserve)?;
            Ok(())
        })
    }
}

fn change(
    invoice: InvoiceId,
    step: impl FnOnce(&mut MockBill) -> DispatchResult,
) -> DispatchResult {
    Bills::try_mutate(invoice, |stored| {
        let bill = stored.as_mut().ok_or(DispatchError::Other("no invoice"))?;
        step(bill)
    })
}

/// Puts an invoice there.
pub fn put(id: u64, bill: MockBill) -> InvoiceId {
    Bills::insert(InvoiceId(id), bill);
    InvoiceId(id)
}

/// Lets something happen to an invoice.
pub fn touch(invoice: InvoiceId, step: impl FnOnce(&mut MockBill)) {
    let touched = change(invoice, |bill| {
        step(bill);
        Ok(())
    });
    assert_eq!(touched, Ok(()));
}

/// Lets the patient pay all that is due, outside of the chain.
pub fn pay_outside(invoice: InvoiceId) {
    touch(invoice, |bill| bill.paid_fen += bill.due_fen());
}

pub fn bill(invoice: InvoiceId) -> MockBill {
    Bills::get(invoice).expect("the invoice exists")
}

/// A class A line of one unit whose item is `item`.
pub fn line(item: u8, price_fen: u64) -> Line {
    Line {
        item: Hash::repeat_byte(item),
        class: CatalogueClass::A,
        prepay_bp: 0,
        unit_price_fen: price_fen,
        quantity: 1,
        price_limit_fen: None,
        fund_share_bp: None,
    }
}

/// An outpatient invoice of yesterday by the hospital for [`ALICE`] with one line, without a visit.
pub fn outpatient(price_fen: u64) -> MockBill {
    MockBill {
        member: HOSPITAL,
        patient: ALICE,
        visit: None,
        setting: Setting::Outpatient,
        service: (ago(1), ago(1)),
        lines: BoundedVec::truncate_from(vec![line(1, price_fen)]),
        paid_fen: 0,
        covered_fen: 0,
        settlement: None,
        is_open: true,
    }
}

/// An inpatient invoice of a stay by the hospital for [`ALICE`].
pub fn inpatient(price_fen: u64, from: Date, to: Date) -> MockBill {
    MockBill {
        setting: Setting::Inpatient,
        service: (from, to),
        ..outpatient(price_fen)
    }
}
