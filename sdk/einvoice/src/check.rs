//! What an e-invoice must agree with itself about.

use crate::{
    day::Day,
    document::{EInvoice, Kind, Line, Number, State, LINES_MAX, PAYMENTS_MAX, SCHEMA, SCHEMA_1},
};

/// One as a ratio in basis points.
const WHOLE_BP: u16 = 10_000;
/// Milliseconds in a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// China Standard Time is UTC+8 the whole year.
const CST_OFFSET_MS: u64 = 8 * 60 * 60 * 1_000;

/// A contradiction within an e-invoice. Amounts are in fen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It is of another version, or has what that version does not have.
    #[error("the document is neither of the version {SCHEMA} nor of {SCHEMA_1}")]
    Schema,
    /// The number is not one that the issuing member can give.
    #[error("the number is not of the issuing member, or its sequence is 0")]
    Number,
    /// The number is of another year than the invoice.
    #[error("the number is of the year {found}, the invoice of {expected}")]
    Year {
        /// The year in which it was issued, in UTC+8.
        expected: u64,
        /// The year of its number.
        found: u64,
    },
    /// A red-letter invoice takes back an invoice that it cannot take back.
    #[error(
        "the red-letter invoice is of an invoice of another member, of itself or of a later one"
    )]
    RedOf,
    /// There are no lines, or too many.
    #[error("there are {found} lines, not 1 to {LINES_MAX}")]
    LineCount {
        /// How many there are.
        found: usize,
    },
    /// The lines are not numbered as they should be.
    #[error("line {no} is out of order")]
    LineOrder {
        /// The number in question.
        no: u16,
    },
    /// A line has no code, no name or, in [`SCHEMA`], no system.
    #[error("line {no} does not say what it is")]
    LineNameless {
        /// Which line.
        no: u16,
    },
    /// A line has no price or no quantity.
    #[error("line {no} has no price or no quantity")]
    LineEmpty {
        /// Which line.
        no: u16,
    },
    /// A share of a line is above the whole.
    #[error("line {no} has a share above 10000 basis points")]
    LineShare {
        /// Which line.
        no: u16,
    },
    /// A line does not charge price times quantity.
    #[error("line {no} charges {found} fen, not {expected}")]
    LineAmount {
        /// Which line.
        no: u16,
        /// Price times quantity.
        expected: u128,
        /// What it charges.
        found: u64,
    },
    /// A line of a red-letter invoice takes back nothing.
    #[error("line {no} takes back nothing")]
    LineTakesNothing {
        /// Which line.
        no: u16,
    },
    /// The total is not the sum of the lines.
    #[error("the total is {found} fen, the lines are {expected}")]
    Total {
        /// The sum of the lines.
        expected: u128,
        /// The total.
        found: u64,
    },
    /// The total in words is another amount.
    #[error("the total in words should be {expected}")]
    Words {
        /// What it should be.
        expected: String,
    },
    /// The service ended before it began, or after the invoice was issued.
    #[error("the service ends before it begins, or after the invoice was issued")]
    Service,
    /// A red-letter invoice has what only a blue one can have.
    #[error("a red-letter invoice has neither settlement nor payments nor refunds of its own")]
    RedHasMore,
    /// The split is not the total.
    #[error("fund, account and cash are {found} fen, not the total of {expected}")]
    Split {
        /// The total.
        expected: u64,
        /// The sum of the three.
        found: u128,
    },
    /// More was covered than the insurance bears.
    #[error("the member got {found} fen, the insurance bears {most}")]
    Covered {
        /// Fund and account.
        most: u128,
        /// What was covered.
        found: u64,
    },
    /// There are too many payments.
    #[error("there are {found} payments, more than {PAYMENTS_MAX}")]
    PaymentCount {
        /// How many there are.
        found: usize,
    },
    /// A payment is nothing, or more of it was given back than was paid.
    #[error("payment {no} is nothing, gave back more than it was, or is out of order")]
    Payment {
        /// Which one, from 1.
        no: usize,
    },
    /// More was taken back than charged.
    #[error("red-letter invoices took back {refunded} fen, more than the total of {total}")]
    RefundAbove {
        /// The total.
        total: u64,
        /// What was taken back.
        refunded: u64,
    },
    /// More is paid and covered than charged.
    #[error("{found} fen are paid and covered, {most} are charged")]
    Overpaid {
        /// What is charged and not taken back.
        most: u64,
        /// What is paid, not given back, and covered.
        found: u128,
    },
    /// The other document is not the blue invoice that this one takes back.
    #[error("the red-letter invoice is not of the blue invoice {blue}")]
    NotRedOf {
        /// The number of the blue invoice.
        blue: Number,
    },
    /// A line of a red-letter invoice is not a part of the blue one's.
    #[error("line {no} is another item than on the blue invoice, or exceeds it")]
    RedLine {
        /// Which line.
        no: u16,
    },
    /// The amounts are those of another state.
    #[error("the state is {found:?}, the amounts say {expected:?}")]
    State {
        /// What the amounts say.
        expected: State,
        /// What the document says.
        found: State,
    },
}

impl EInvoice {
    /// Finds every contradiction within the document, so that a changed amount shows. What the chain
    /// says about the invoice is another question.
    ///
    /// # Errors
    /// All the contradictions, in the order of the document.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        self.check_schema(&mut faults);
        self.check_numbers(&mut faults);
        self.check_lines(&mut faults);
        self.check_total(&mut faults);
        self.check_settlement(&mut faults);
        self.check_payments(&mut faults);
        self.check_state(&mut faults);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Finds what in a red-letter invoice is not a part of the blue one that it takes back. That several
    /// red-letter invoices together do not exceed it shows in the blue one's `refunded_fen`.
    ///
    /// # Errors
    /// All the contradictions, in the order of the document.
    pub fn check_red_of(&self, blue: &Self) -> Result<(), Vec<Fault>> {
        let is_pair = self.kind == Kind::Red { of: blue.number }
            && blue.kind == Kind::Blue
            && self.issuer == blue.issuer
            && self.patient == blue.patient
            && self.proof.genesis == blue.proof.genesis;
        if !is_pair {
            return Err(vec![Fault::NotRedOf { blue: blue.number }]);
        }
        let is_part = |red: &Line, whole: &Line| {
            red.quantity <= whole.quantity
                && red.amount_fen <= whole.amount_fen
                && *red
                    == Line {
                        quantity: red.quantity,
                        amount_fen: red.amount_fen,
                        system: match (self.has_systems(), blue.has_systems()) {
                            (true, true) => whole.system.clone(),
                            // One of them is of the version that does not say it.
                            _ => red.system.clone(),
                        },
                        ..whole.clone()
                    }
        };
        let faults: Vec<Fault> = self
            .lines
            .iter()
            .filter(|red| !blue.lines.iter().any(|whole| is_part(red, whole)))
            .map(|red| Fault::RedLine { no: red.no })
            .collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    fn is_red(&self) -> bool {
        matches!(self.kind, Kind::Red { .. })
    }

    fn check_schema(&self, faults: &mut Vec<Fault>) {
        let is_known = match self.schema.as_str() {
            SCHEMA => true,
            SCHEMA_1 => self.lines.iter().all(|line| line.system.is_none()),
            _ => false,
        };
        if !is_known {
            faults.push(Fault::Schema);
        }
    }

    fn check_numbers(&self, faults: &mut Vec<Fault>) {
        if self.number.member != self.issuer.id || self.number.sequence == 0 {
            faults.push(Fault::Number);
        }
        let issued = self.issued_at_ms.saturating_add(CST_OFFSET_MS) / DAY_MS;
        let issued = u32::try_from(issued).ok().and_then(Day::from_days);
        let expected = issued.map_or(0, |day| day.civil().0);
        let found = u64::from(self.number.year);
        if expected != found {
            faults.push(Fault::Year { expected, found });
        }
        if let Kind::Red { of } = self.kind {
            // Numbers of one member grow with time.
            if of.member != self.number.member || of.sequence == 0 || of >= self.number {
                faults.push(Fault::RedOf);
            }
        }
        let is_after_issue = issued.is_none_or(|issued| self.service.last > issued);
        if self.service.first > self.service.last || is_after_issue {
            faults.push(Fault::Service);
        }
    }

    fn check_lines(&self, faults: &mut Vec<Fault>) {
        let found = self.lines.len();
        if !(1..=LINES_MAX).contains(&found) {
            faults.push(Fault::LineCount { found });
        }
        let mut before = 0;
        for line in &self.lines {
            let follows = match self.kind {
                Kind::Blue => line.no == before + 1,
                Kind::Red { .. } => line.no > before && usize::from(line.no) <= LINES_MAX,
            };
            if !follows {
                faults.push(Fault::LineOrder { no: line.no });
            }
            before = line.no.min(u16::MAX - 1);
            faults.extend(self.fault_of(line));
        }
    }

    fn fault_of(&self, line: &Line) -> Option<Fault> {
        let (no, found) = (line.no, line.amount_fen);
        let expected = u128::from(line.unit_price_fen) * u128::from(line.quantity);
        let shares = [Some(line.prepay_bp), line.fund_share_bp];
        let system = match self.has_systems() {
            true => Some(line.system.as_deref().unwrap_or_default()),
            false => None,
        };
        let mut texts = [Some(line.code.as_str()), Some(line.name.as_str()), system]
            .into_iter()
            .flatten();
        if texts.any(|text| text.trim().is_empty()) {
            Some(Fault::LineNameless { no })
        } else if line.unit_price_fen == 0 || (line.quantity == 0 && !self.is_red()) {
            Some(Fault::LineEmpty { no })
        } else if shares.into_iter().flatten().any(|share| share > WHOLE_BP) {
            Some(Fault::LineShare { no })
        } else if self.is_red() {
            // What is left of a line is known from the blue invoice only: see `check_red_of`.
            (found == 0).then_some(Fault::LineTakesNothing { no })
        } else {
            (u128::from(found) != expected).then_some(Fault::LineAmount {
                no,
                expected,
                found,
            })
        }
    }

    fn check_total(&self, faults: &mut Vec<Fault>) {
        let expected = sum(self.lines.iter().map(|line| line.amount_fen));
        if expected != u128::from(self.total_fen) {
            faults.push(Fault::Total {
                expected,
                found: self.total_fen,
            });
        }
        let words = self.words();
        if self.total_in_words != words {
            faults.push(Fault::Words { expected: words });
        }
        if self.refunded_fen > self.total_fen {
            faults.push(Fault::RefundAbove {
                total: self.total_fen,
                refunded: self.refunded_fen,
            });
        }
        let has_more =
            self.settlement.is_some() || !self.payments.is_empty() || self.refunded_fen > 0;
        if self.is_red() && has_more {
            faults.push(Fault::RedHasMore);
        }
    }

    fn check_settlement(&self, faults: &mut Vec<Fault>) {
        let Some(settlement) = self.settlement else {
            return;
        };
        let most = sum([settlement.fund_fen, settlement.account_fen]);
        let found = most + u128::from(settlement.cash_fen);
        if found != u128::from(self.total_fen) {
            faults.push(Fault::Split {
                expected: self.total_fen,
                found,
            });
        }
        if u128::from(settlement.covered_fen) > most {
            faults.push(Fault::Covered {
                most,
                found: settlement.covered_fen,
            });
        }
    }

    fn check_payments(&self, faults: &mut Vec<Fault>) {
        let found = self.payments.len();
        if found > PAYMENTS_MAX {
            faults.push(Fault::PaymentCount { found });
        }
        let mut before_ms = self.issued_at_ms;
        for (index, payment) in self.payments.iter().enumerate() {
            let is_sound = payment.amount_fen > 0
                && payment.returned_fen <= payment.amount_fen
                && payment.at_ms >= before_ms;
            if !is_sound {
                faults.push(Fault::Payment { no: index + 1 });
            }
            before_ms = payment.at_ms;
        }
    }

    fn check_state(&self, faults: &mut Vec<Fault>) {
        if self.is_red() {
            // Taking back is done when it is on the chain.
            self.compare_state(State::Issued, faults);
            return;
        }
        let charged = self.total_fen.saturating_sub(self.refunded_fen);
        let covered = self
            .settlement
            .map_or(0, |settlement| settlement.covered_fen);
        let paid = sum(self.payments.iter().map(|payment| payment.amount_fen));
        let returned = sum(self.payments.iter().map(|payment| payment.returned_fen));
        let found = paid.saturating_sub(returned) + u128::from(covered);
        if found > u128::from(charged) {
            faults.push(Fault::Overpaid {
                most: charged,
                found,
            });
        }
        let expected = if self.refunded_fen > 0 {
            match charged {
                0 => State::Refunded,
                _ => State::PartlyRefunded,
            }
        } else if found >= u128::from(charged) {
            match self.settlement {
                Some(_) => State::Balanced,
                None => State::Paid,
            }
        } else if found > 0 {
            State::PartlyPaid
        } else if self.state == State::Cancelled {
            State::Cancelled
        } else {
            State::Issued
        };
        self.compare_state(expected, faults);
    }

    fn compare_state(&self, expected: State, faults: &mut Vec<Fault>) {
        if self.state != expected {
            faults.push(Fault::State {
                expected,
                found: self.state,
            });
        }
    }
}

fn sum(amounts: impl IntoIterator<Item = u64>) -> u128 {
    amounts.into_iter().map(u128::from).sum()
}
