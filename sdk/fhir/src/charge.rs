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

use xinglin_fhir_r4::{
    claim::{ClaimItem, ClaimItemDetail, ClaimItemDetailSubDetail},
    codes::{ClaimUse, FmStatus},
    types::{self, CodeableConcept, Money, Quantity},
    Claim, Coded, MedicationRequest, MedicationRequestMedication,
};

use crate::{
    bundle::Entry,
    concept,
    error::FhirError,
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

/// An item of a claim, a detail of it, or a detail of that: what is charged for it.
struct Item<'a> {
    category: Option<&'a CodeableConcept>,
    product_or_service: &'a CodeableConcept,
    quantity: Option<&'a Quantity>,
    unit_price: Option<&'a Money>,
    factor: Option<&'a types::Decimal>,
    net: Option<&'a Money>,
    /// What it consists of, and the name of that element.
    details: (&'static str, Vec<Item<'a>>),
}

/// The elements that all three have in common.
macro_rules! item {
    ($item:ident, $name:literal, $details:expr) => {
        Self {
            category: $item.category.as_ref(),
            product_or_service: &$item.product_or_service,
            quantity: $item.quantity.as_ref(),
            unit_price: $item.unit_price.as_ref(),
            factor: $item.factor.as_ref(),
            net: $item.net.as_ref(),
            details: ($name, $details),
        }
    };
}

impl<'a> From<&'a ClaimItem> for Item<'a> {
    fn from(item: &'a ClaimItem) -> Self {
        item!(item, "detail", item.detail.iter().map(Self::from).collect())
    }
}

impl<'a> From<&'a ClaimItemDetail> for Item<'a> {
    fn from(item: &'a ClaimItemDetail) -> Self {
        let details = item.sub_detail.iter().map(Self::from).collect();
        item!(item, "subDetail", details)
    }
}

impl<'a> From<&'a ClaimItemDetailSubDetail> for Item<'a> {
    fn from(item: &'a ClaimItemDetailSubDetail) -> Self {
        item!(item, "", Vec::new())
    }
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
        let claim: Claim = entry.read()?;
        let is_charged = claim.status == Coded::Known(FmStatus::Active)
            && claim.r#use == Coded::Known(ClaimUse::Claim);
        if !is_charged {
            return Ok(None);
        }
        let path = entry.path();
        let kind = ChargeKind::of(&claim.r#type);
        let mut lines = Lines::default();
        let items: Vec<Item<'_>> = claim.item.iter().map(Item::from).collect();
        lines.add_items(&items, &format!("{path}.item"))?;
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
    fn add_items(&mut self, items: &[Item<'_>], path: &str) -> Result<(), FhirError> {
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let class = class_of(item);
            let (name, details) = &item.details;
            match self.price(item, &path)? {
                Some(price) => {
                    let line = ClaimLine::of(item.product_or_service, class, price, &path)?;
                    self.push(line, &path)?;
                }
                None if !details.is_empty() => {
                    self.add_items(details, &format!("{path}.{name}"))?;
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
    fn price(&mut self, item: &Item<'_>, path: &str) -> Result<Option<(u64, u32)>, FhirError> {
        let one = Decimal::parse("1").map_err(fault_at(path))?;
        let quantity = item.quantity.and_then(|it| it.value.as_ref());
        let quantity = positive(quantity, &format!("{path}.quantity.value"))?.unwrap_or(one);
        if let Some(net) = item.net {
            let net_fen = self.amount_fen(net, &format!("{path}.net"))?;
            let price = match quantity.to_units() {
                Some(units) if net_fen % u64::from(units) == 0 => {
                    (net_fen / u64::from(units), units)
                }
                _ => (net_fen, 1),
            };
            return Ok(Some(price));
        }
        let Some(unit_price) = item.unit_price else {
            return Ok(None);
        };
        let place = format!("{path}.unitPrice");
        let unit_price = self.amount(unit_price, &place)?;
        let factor = positive(item.factor, &format!("{path}.factor"))?.unwrap_or(one);
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
            let first = self.currency.get_or_insert_with(|| currency.0.clone());
            if *first != currency.0 || !matches!(currency.0.as_str(), "CNY" | "USD") {
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
            .and_then(|it| references.resolve(&it.reference.as_ref()?.0))
            .filter(|entry| entry.resource_type() == "MedicationRequest");
        if let Some(entry) = prescription {
            let request: MedicationRequest = entry.read()?;
            if let Some(MedicationRequestMedication::CodeableConcept(medication)) =
                request.medication
            {
                return Ok((*medication, class));
            }
        }
        let rest = || CodeableConcept {
            coding: vec![types::Coding {
                system: Some(types::Uri(OWN_SYSTEM.into())),
                code: Some(types::Code("rest".into())),
                display: Some(types::String("其他费用".into())),
                ..types::Coding::default()
            }],
            ..CodeableConcept::default()
        };
        Ok((item.unwrap_or_else(rest), class))
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
        let code = concept::codes(what).next();
        let words = concept::words(what);
        let Some(code) = code.or(words) else {
            return Err(FhirError::Missing {
                path: format!("{path}.productOrService"),
                element: "coding".into(),
            });
        };
        Ok(Self {
            system: coding.and_then(|coding| Some(coding.system.as_ref()?.0.clone())),
            code: code.to_owned(),
            name: words.unwrap_or(code).to_owned(),
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
        concept::codes(claim_type)
            .find_map(of_code)
            .unwrap_or(Self::Other)
    }
}

fn class_of(item: &Item<'_>) -> Option<ItemClass> {
    let is_class = |coding: &&types::Coding| {
        let system = coding.system.as_ref();
        system.is_some_and(|system| system.0 == CATALOGUE_CLASS_SYSTEM)
    };
    let coding = item.category?.coding.iter().find(is_class)?;
    match coding.code.as_ref()?.0.as_str() {
        "A" => Some(ItemClass::A),
        "B" => Some(ItemClass::B),
        "C" => Some(ItemClass::C),
        _ => None,
    }
}

/// A number that has to be positive where it is given.
fn positive(number: Option<&types::Decimal>, path: &str) -> Result<Option<Decimal>, FhirError> {
    let Some(number) = number else {
        return Ok(None);
    };
    let decimal = Decimal::parse(number.as_str()).map_err(fault_at(path))?;
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
