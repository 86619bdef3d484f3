//! From a claim to the lines of an invoice.
//!
//! # The rule
//!
//! The total of the claim is what is charged, to the fen; the lines add up to it.
//!
//! 1. An item with a price is a line. `net` is the price of the item. Where it is absent, unit price
//!    times quantity (or times factor) is, rounded half up to fen if the source left that open.
//!    A price that is a multiple of a whole quantity becomes so many units, any other one unit.
//! 2. An item without a price but with details is its details.
//! 3. What the total exceeds the priced items is the price of the visit itself, for which many
//!    systems write an item without a price, followed by items that only mention diagnoses. It
//!    becomes the first line, named after the first item without a price; in a pharmacy claim after
//!    the prescription, because that is what is charged there. Other items without a price are no
//!    lines.
//! 4. A total below the priced items is refused: a discount cannot be told from a mistake.
//! 5. Lines of one code at one price become one line with more units.
//!
//! # Currency
//!
//! The chain counts in fen of CNY. Amounts in CNY or without a currency are taken as they are.
//! Amounts in USD, in which synthetic patients are priced, are taken one to one: 1 USD is 1 CNY.
//! Any other currency is refused, and so are two currencies in one claim.

use std::{collections::BTreeMap, fmt};

use crate::{
    bundle::Entry,
    error::FhirError,
    model::{Claim, ClaimItem, CodeableConcept, MedicationRequest, Money, Number},
    money::{AmountFault, Decimal},
    party::reference_to,
    references::References,
};

/// The code system of an item's category that says its class in the insurance catalogue.
const CATALOGUE_CLASS_SYSTEM: &str = "urn:xinglin:catalogue-class";
/// The code system of lines that no item stands for.
const OWN_SYSTEM: &str = "urn:xinglin:claim";

/// What a claim is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeKind {
    /// Services of a hospital.
    Institutional,
    /// Services of a practitioner, dental and optical ones included.
    Professional,
    /// Medicines.
    Pharmacy,
    /// Anything else.
    Other,
}

/// The class of an item in the medical insurance catalogue (医保目录), if the claim says it: as a
/// category in the system `urn:xinglin:catalogue-class`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemClass {
    /// 甲类.
    A,
    /// 乙类.
    B,
    /// 丙类.
    C,
}

/// What a claim charges.
#[derive(Clone, PartialEq, Eq)]
pub struct Charge {
    /// By which references call the claim: its full URL, or `Claim/id`.
    pub reference: String,
    /// What it is about.
    pub kind: ChargeKind,
    /// The sum of the lines, which is the claim's total, in fen.
    pub total_fen: u64,
    /// What is charged. Never empty, and no two of one code and price.
    pub lines: Vec<ClaimLine>,
}

/// One line of an invoice.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimLine {
    /// The system of the code, as a URI.
    pub system: Option<String>,
    /// What is charged, by code; the text where there is no code.
    pub code: String,
    /// What is charged, for people.
    pub name: String,
    /// The price of one unit in fen; at least 1.
    pub unit_price_fen: u64,
    /// How many units; at least 1.
    pub quantity: u32,
    /// Its class, if the claim says it.
    pub class: Option<ItemClass>,
}

/// The lines of a claim as they are gathered.
#[derive(Default)]
struct Lines {
    lines: Vec<ClaimLine>,
    by_item: BTreeMap<(Option<String>, String, u64), usize>,
    total_fen: u64,
    first_unpriced: Option<(CodeableConcept, Option<ItemClass>)>,
    currency: Option<String>,
}

impl Charge {
    /// Maps a claim. None if it charges nothing by its nature: it is cancelled, a draft or entered in
    /// error, or a request for an estimate.
    pub(crate) fn of(
        entry: &Entry,
        references: &References<'_>,
    ) -> Result<Option<Self>, FhirError> {
        let claim: Claim = entry.view()?;
        if claim.status != "active" || claim.r#use != "claim" {
            return Ok(None);
        }
        let path = entry.path();
        let kind = ChargeKind::of(&claim.r#type);
        let mut lines = Lines::default();
        lines.add_items(&claim.item, &format!("{path}.item"))?;
        if let Some(total) = &claim.total {
            let total_fen = lines.amount_fen(total, &format!("{path}.total"))?;
            let items_fen = lines.total_fen;
            let rest_fen =
                total_fen
                    .checked_sub(items_fen)
                    .ok_or_else(|| FhirError::TotalBelowItems {
                        path: path.clone(),
                        items_fen,
                        total_fen,
                    })?;
            if rest_fen > 0 {
                let (what, class) = lines.what_the_rest_is(kind, &claim, references)?;
                let line = ClaimLine::of(&what, class, (rest_fen, 1), &path)?;
                let before = lines.lines.len();
                lines.push(line, &path)?;
                if lines.lines.len() > before {
                    lines.lines.rotate_right(1);
                }
            }
        }
        if lines.lines.is_empty() {
            return Err(FhirError::NothingCharged { path });
        }
        Ok(Some(Self {
            reference: reference_to(entry)?,
            kind,
            total_fen: lines.total_fen,
            lines: lines.lines,
        }))
    }
}

impl Lines {
    fn add_items(&mut self, items: &[ClaimItem], path: &str) -> Result<(), FhirError> {
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let class = class_of(item);
            match self.price(item, &path)? {
                Some(price) => {
                    let line = ClaimLine::of(&item.product_or_service, class, price, &path)?;
                    self.push(line, &path)?;
                }
                None if !item.detail.is_empty() => {
                    self.add_items(&item.detail, &format!("{path}.detail"))?;
                }
                None if self.first_unpriced.is_none() => {
                    self.first_unpriced = Some((item.product_or_service.clone(), class));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Adds a line, or its units to an equal one.
    fn push(&mut self, line: ClaimLine, path: &str) -> Result<(), FhirError> {
        let too_large = || FhirError::Amount {
            path: path.to_owned(),
            fault: AmountFault::TooLarge,
        };
        let amount_fen = line.amount_fen().ok_or_else(too_large)?;
        self.total_fen = self
            .total_fen
            .checked_add(amount_fen)
            .ok_or_else(too_large)?;
        let item = (line.system.clone(), line.code.clone(), line.unit_price_fen);
        match self
            .by_item
            .get(&item)
            .and_then(|at| self.lines.get_mut(*at))
        {
            Some(equal) => {
                equal.quantity = equal
                    .quantity
                    .checked_add(line.quantity)
                    .ok_or_else(too_large)?;
            }
            None => {
                self.by_item.insert(item, self.lines.len());
                self.lines.push(line);
            }
        }
        Ok(())
    }

    /// The price of a unit in fen and how many there are, or none if the item has no price.
    fn price(&mut self, item: &ClaimItem, path: &str) -> Result<Option<(u64, u32)>, FhirError> {
        let one = Decimal::parse("1").map_err(fault_at(path))?;
        let quantity = item.quantity.as_ref().and_then(|it| it.value.as_ref());
        let quantity = positive(quantity, &format!("{path}.quantity.value"))?.unwrap_or(one);
        if let Some(net) = &item.net {
            let net_fen = self.amount_fen(net, &format!("{path}.net"))?;
            let price = match quantity.to_units() {
                Some(units) if net_fen % u64::from(units) == 0 => {
                    (net_fen / u64::from(units), units)
                }
                _ => (net_fen, 1),
            };
            return Ok(Some(price));
        }
        let Some(unit_price) = &item.unit_price else {
            return Ok(None);
        };
        let place = format!("{path}.unitPrice");
        let unit_price = self.amount(unit_price, &place)?;
        let factor = positive(item.factor.as_ref(), &format!("{path}.factor"))?.unwrap_or(one);
        let multiplier = match (quantity == one, factor == one) {
            (_, true) => quantity,
            (true, false) => factor,
            (false, false) => {
                return Err(FhirError::Missing {
                    path: path.to_owned(),
                    element: "net".into(),
                })
            }
        };
        match (unit_price.to_fen(), quantity.to_units()) {
            (Ok(unit_price_fen), Some(units)) if factor == one => Ok(Some((unit_price_fen, units))),
            (Ok(_) | Err(AmountFault::SubFen), _) => unit_price
                .times_in_fen(multiplier)
                .map(|net_fen| Some((net_fen, 1)))
                .map_err(fault_at(&place)),
            (Err(fault), _) => Err(fault_at(&place)(fault)),
        }
    }

    fn amount_fen(&mut self, money: &Money, path: &str) -> Result<u64, FhirError> {
        let amount = self.amount(money, path)?;
        amount.to_fen().map_err(fault_at(&format!("{path}.value")))
    }

    /// An amount, checked to be in the currency of the claim.
    fn amount(&mut self, money: &Money, path: &str) -> Result<Decimal, FhirError> {
        if let Some(currency) = &money.currency {
            let first = self.currency.get_or_insert_with(|| currency.clone());
            if first != currency || !matches!(currency.as_str(), "CNY" | "USD") {
                return Err(FhirError::Currency { path: path.into() });
            }
        }
        let place = format!("{path}.value");
        positive(money.value.as_ref(), &place)?.ok_or_else(|| FhirError::Missing {
            path: path.into(),
            element: "value".into(),
        })
    }

    /// What the part of the total is for that no priced item accounts for.
    fn what_the_rest_is(
        &mut self,
        kind: ChargeKind,
        claim: &Claim,
        references: &References<'_>,
    ) -> Result<(CodeableConcept, Option<ItemClass>), FhirError> {
        let (item, class) = self.first_unpriced.take().unzip();
        let class = class.flatten();
        let prescription = claim
            .prescription
            .as_ref()
            .filter(|_| kind == ChargeKind::Pharmacy);
        let prescription = prescription
            .and_then(|it| references.resolve(it.reference.as_deref()?))
            .filter(|entry| entry.resource_type() == "MedicationRequest");
        if let Some(entry) = prescription {
            let request: MedicationRequest = entry.view()?;
            if let Some(medication) = request.medication_codeable_concept {
                return Ok((medication, class));
            }
        }
        let rest = item.unwrap_or_else(|| CodeableConcept {
            coding: vec![crate::model::Coding {
                system: Some(OWN_SYSTEM.into()),
                code: Some("rest".into()),
                display: Some("其他费用".into()),
            }],
            text: None,
        });
        Ok((rest, class))
    }
}

impl ClaimLine {
    fn of(
        what: &CodeableConcept,
        class: Option<ItemClass>,
        (unit_price_fen, quantity): (u64, u32),
        path: &str,
    ) -> Result<Self, FhirError> {
        let coding = what.coding.iter().find(|coding| coding.code.is_some());
        let code = coding.and_then(|coding| coding.code.as_deref());
        let Some(code) = code.or(what.words()) else {
            return Err(FhirError::Missing {
                path: format!("{path}.productOrService"),
                element: "coding".into(),
            });
        };
        Ok(Self {
            system: coding.and_then(|coding| coding.system.clone()),
            code: code.to_owned(),
            name: what.words().unwrap_or(code).to_owned(),
            unit_price_fen,
            quantity,
            class,
        })
    }

    /// Price times quantity, in fen. None if that passes 64 bits, which no line of a [`Charge`] does.
    pub fn amount_fen(&self) -> Option<u64> {
        self.unit_price_fen.checked_mul(u64::from(self.quantity))
    }
}

impl ChargeKind {
    fn of(claim_type: &CodeableConcept) -> Self {
        let of_code = |code| match code {
            "institutional" => Some(Self::Institutional),
            "professional" | "oral" | "vision" => Some(Self::Professional),
            "pharmacy" => Some(Self::Pharmacy),
            _ => None,
        };
        claim_type.codes().find_map(of_code).unwrap_or(Self::Other)
    }
}

fn class_of(item: &ClaimItem) -> Option<ItemClass> {
    let category = item.category.as_ref()?;
    let coding = category
        .coding
        .iter()
        .find(|coding| coding.system.as_deref() == Some(CATALOGUE_CLASS_SYSTEM))?;
    match coding.code.as_deref()? {
        "A" => Some(ItemClass::A),
        "B" => Some(ItemClass::B),
        "C" => Some(ItemClass::C),
        _ => None,
    }
}

/// A number that has to be positive where it is given.
fn positive(number: Option<&Number>, path: &str) -> Result<Option<Decimal>, FhirError> {
    let Some(number) = number else {
        return Ok(None);
    };
    let decimal = Decimal::parse(number.get()).map_err(fault_at(path))?;
    if decimal.is_zero() {
        return Err(fault_at(path)(AmountFault::Zero));
    }
    Ok(Some(decimal))
}

fn fault_at(path: &str) -> impl FnOnce(AmountFault) -> FhirError + '_ {
    move |fault| FhirError::Amount {
        path: path.to_owned(),
        fault,
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge")
            .field("kind", &self.kind)
            .field("lines", &self.lines.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClaimLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimLine(..)")
    }
}
