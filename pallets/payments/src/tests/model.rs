//! The reference model: the rules of the domain over plain lists, summed up anew for every question.
//!
//! It shares neither code nor data structures with the pallet. Whether something may be done is
//! answered with every reason against it; the pallet must give one of them, and must do it if there
//! are none.

use std::collections::BTreeMap;

use xinglin_primitives::{Balance, MemberId, PatientId};

use crate::{mock::*, states::InvoiceState, types::ProviderId, Error};

/// Reasons against something; none: it happens.
pub type Reasons = Vec<Error<Test>>;

/// Where money came from.
#[derive(Clone, Copy, PartialEq)]
pub enum From {
    Own,
    Delegate,
    Outside(ProviderId),
}

pub struct Paid {
    from: From,
    fen: Balance,
    back_fen: Balance,
}

/// A part that a refund takes back: line, units, fen.
pub type Part = (usize, u32, Balance);

/// What a refund takes back.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Everything,
    Lines(Vec<usize>),
    Parts(Vec<Part>),
}

pub struct ModelInvoice {
    pub member: MemberId,
    pub patient: PatientId,
    pub lines: Vec<(u64, u32)>,
    pub is_cancelled: bool,
    pub paid: Vec<Paid>,
    pub settled: Option<(u64, Balance)>,
    pub refunds: Vec<Vec<Part>>,
}

impl ModelInvoice {
    pub fn total(&self) -> Balance {
        (0..self.lines.len()).map(|line| self.amount(line)).sum()
    }

    fn amount(&self, line: usize) -> Balance {
        let (price, quantity) = self.lines[line];
        Balance::from(price) * Balance::from(quantity)
    }

    /// What is left of a line: units and fen.
    fn left(&self, line: usize) -> (u32, Balance) {
        let taken = || self.refunds.iter().flatten().filter(|part| part.0 == line);
        let units: u32 = taken().map(|part| part.1).sum();
        let fen: Balance = taken().map(|part| part.2).sum();
        (self.lines[line].1 - units, self.amount(line) - fen)
    }

    pub fn refunded(&self) -> Balance {
        self.refunds.iter().flatten().map(|part| part.2).sum()
    }

    pub fn paid(&self) -> Balance {
        self.paid.iter().map(|paid| paid.fen - paid.back_fen).sum()
    }

    pub fn covered(&self) -> Balance {
        self.settled.map_or(0, |(_, fen)| fen)
    }

    pub fn due(&self) -> Balance {
        if self.is_cancelled {
            return 0;
        }
        self.total() - self.refunded() - self.paid() - self.covered()
    }

    pub fn state(&self) -> InvoiceState {
        match () {
            () if self.is_cancelled => InvoiceState::Cancelled,
            () if self.refunded() == self.total() => InvoiceState::Refunded,
            () if self.refunded() > 0 => InvoiceState::PartlyRefunded,
            () if self.due() == self.total() => InvoiceState::Issued,
            () if self.due() > 0 => InvoiceState::PartlyPaid,
            () if self.settled.is_some() => InvoiceState::Balanced,
            () => InvoiceState::Paid,
        }
    }
}

/// Everything the chain knows, the slow way.
pub struct Model {
    pub free: BTreeMap<AccountId, Balance>,
    pub invoices: Vec<ModelInvoice>,
    payments: BTreeMap<(PatientId, u64), (usize, Balance)>,
    refunds: BTreeMap<(MemberId, u64), (usize, What)>,
    receipts: Vec<(ProviderId, u64)>,
}

impl Model {
    pub fn new() -> Self {
        let patients = (1..=PATIENTS).map(|p| (own(PatientId(p)), FUNDS_FEN));
        let members = MEMBERS.map(|m| (main_account(m), MEMBER_FUNDS_FEN));
        Self {
            free: patients.chain(members).collect(),
            invoices: Vec::new(),
            payments: BTreeMap::new(),
            refunds: BTreeMap::new(),
            receipts: Vec::new(),
        }
    }

    pub fn issue(&mut self, member: MemberId, patient: PatientId, lines: Vec<(u64, u32)>) {
        self.invoices.push(ModelInvoice {
            member,
            patient,
            lines,
            is_cancelled: false,
            paid: Vec::new(),
            settled: None,
            refunds: Vec::new(),
        });
    }

    pub fn pay(&mut self, by: AccountId, n: usize, fen: Balance, id: u64) -> Reasons {
        let invoice = &self.invoices[n];
        let patient = invoice.patient;
        if by != own(patient) && by != carer(patient) {
            return vec![Error::NotForPatient];
        }
        match self.payments.get(&(patient, id)) {
            Some(before) if *before == (n, fen) => return vec![],
            Some(_) => return vec![Error::PaymentIdUsed],
            None => (),
        }
        let mut reasons = self.against_paying(n, fen);
        let from = if by == own(patient) {
            From::Own
        } else {
            From::Delegate
        };
        let delegated: Balance = invoice
            .paid
            .iter()
            .filter(|paid| paid.from == From::Delegate)
            .map(|paid| paid.fen)
            .sum();
        if from == From::Delegate && delegated + fen > DELEGATED_MAX_FEN {
            reasons.push(Error::AboveDelegatedLimit);
        }
        if self.free[&own(patient)] < fen {
            reasons.push(Error::BalanceTooSmall);
        }
        if reasons.is_empty() {
            self.transfer(own(patient), main_account(self.invoices[n].member), fen);
            self.book(n, from, fen);
            self.payments.insert((patient, id), (n, fen));
        }
        reasons
    }

    pub fn pay_outside(
        &mut self,
        provider: ProviderId,
        n: usize,
        fen: Balance,
        number: u64,
    ) -> Reasons {
        let mut reasons = self.against_paying(n, fen);
        if self.receipts.contains(&(provider, number)) {
            reasons.push(Error::ReceiptUsed);
        }
        if reasons.is_empty() {
            self.book(n, From::Outside(provider), fen);
            self.receipts.push((provider, number));
        }
        reasons
    }

    pub fn cancel(&mut self, n: usize) -> Reasons {
        let invoice = &mut self.invoices[n];
        let mut reasons = vec![];
        if invoice.settled.is_some() {
            reasons.push(Error::Settled);
        }
        if invoice.is_cancelled || invoice.paid() > 0 || invoice.refunded() > 0 {
            reasons.push(Error::WrongState);
        }
        invoice.is_cancelled |= reasons.is_empty();
        reasons
    }

    pub fn cover(&mut self, n: usize, settlement: u64, fen: Balance) -> Reasons {
        let invoice = &mut self.invoices[n];
        let mut reasons = vec![];
        if invoice.settled.is_some() {
            reasons.push(Error::Settled);
        }
        if invoice.is_cancelled || invoice.refunded() > 0 {
            reasons.push(Error::WrongState);
        }
        if fen > invoice.due() {
            reasons.push(Error::Overpaid);
        }
        if reasons.is_empty() {
            invoice.settled = Some((settlement, fen));
        }
        reasons
    }

    pub fn uncover(&mut self, n: usize, settlement: u64) -> Reasons {
        let invoice = &mut self.invoices[n];
        if invoice.settled.is_none_or(|(by, _)| by != settlement) {
            return vec![Error::NotSettledBy];
        }
        invoice.settled = None;
        vec![]
    }

    pub fn refund(&mut self, n: usize, what: What, id: u64) -> Reasons {
        let invoice = &self.invoices[n];
        let (member, patient) = (invoice.member, invoice.patient);
        match self.refunds.get(&(member, id)) {
            Some(before) if *before == (n, what.clone()) => return vec![],
            Some(_) => return vec![Error::RefundIdUsed],
            None => (),
        }
        let (parts, mut reasons) = parts(invoice, &what);
        let fen: Balance = parts.iter().map(|part| part.2).sum();
        if invoice.is_cancelled {
            reasons.push(Error::WrongState);
        }
        if invoice.settled.is_some() {
            reasons.push(Error::Settled);
        }
        if invoice.paid() == 0 && invoice.refunded() == 0 {
            reasons.push(Error::NotPaid);
        }
        if invoice.refunded() == invoice.total() {
            reasons.push(Error::ExceedsInvoice);
        }
        if !reasons.is_empty() {
            return reasons;
        }
        let rest = invoice.total() - invoice.refunded() - fen;
        let back = split(invoice, invoice.paid().saturating_sub(rest));
        let to_balance: Balance = back
            .iter()
            .filter(|(at, _)| !matches!(invoice.paid[*at].from, From::Outside(_)))
            .map(|(_, fen)| fen)
            .sum();
        if self.free[&main_account(member)] < to_balance {
            return vec![Error::MemberCannotPay];
        }
        for (at, fen) in back {
            self.invoices[n].paid[at].back_fen += fen;
        }
        self.invoices[n].refunds.push(parts);
        self.transfer(main_account(member), own(patient), to_balance);
        self.refunds.insert((member, id), (n, what));
        vec![]
    }

    pub fn transfer(&mut self, from: AccountId, to: AccountId, fen: Balance) {
        *self.free.get_mut(&from).unwrap() -= fen;
        *self.free.get_mut(&to).unwrap() += fen;
    }

    fn against_paying(&self, n: usize, fen: Balance) -> Reasons {
        let invoice = &self.invoices[n];
        let mut reasons = vec![];
        if fen == 0 {
            reasons.push(Error::ZeroAmount);
        }
        if invoice.due() == 0 {
            reasons.push(Error::WrongState);
        }
        if fen > invoice.due() {
            reasons.push(Error::Overpaid);
        }
        reasons
    }

    fn book(&mut self, n: usize, from: From, fen: Balance) {
        self.invoices[n].paid.push(Paid {
            from,
            fen,
            back_fen: 0,
        });
    }
}

/// What a refund takes back of each line, and what stands against it.
fn parts(invoice: &ModelInvoice, what: &What) -> (Vec<Part>, Reasons) {
    let whole = |line: usize| {
        let (units, fen) = invoice.left(line);
        (line, units, fen)
    };
    let count = invoice.lines.len();
    let chosen: Vec<Part> = match what {
        What::Everything => (0..count).map(whole).filter(|part| part.2 > 0).collect(),
        What::Lines(lines) if lines.iter().any(|line| *line >= count) => vec![],
        What::Lines(lines) => lines.iter().map(|line| whole(*line)).collect(),
        What::Parts(parts) => parts.clone(),
    };
    let mut reasons = vec![];
    let is_sorted = chosen.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let is_there = chosen.iter().all(|part| part.0 < count);
    let has_zero = chosen.iter().any(|part| part.2 == 0);
    if chosen.is_empty() || !is_sorted || !is_there {
        reasons.push(Error::BadParts);
    }
    match what {
        // Nothing is left of a line.
        What::Lines(_) if has_zero => reasons.push(Error::ExceedsLine),
        _ if has_zero => reasons.push(Error::BadParts),
        _ => (),
    }
    let exceeds = is_there
        && chosen.iter().any(|(line, units, fen)| {
            let left = invoice.left(*line);
            *units > left.0 || *fen > left.1
        });
    if exceeds {
        reasons.push(Error::ExceedsLine);
    }
    (chosen, reasons)
}

/// How an amount goes back over the payments, the latest first: which payment, how much.
fn split(invoice: &ModelInvoice, mut fen: Balance) -> Vec<(usize, Balance)> {
    let mut back = vec![];
    for (at, paid) in invoice.paid.iter().enumerate().rev() {
        let part = fen.min(paid.fen - paid.back_fen);
        back.push((at, part));
        fen -= part;
    }
    assert_eq!(fen, 0);
    back
}
