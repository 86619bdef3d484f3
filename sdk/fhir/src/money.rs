//! Decimals as FHIR writes them, to integer fen. No float is involved.

/// Most digits of a number, the zeros at its ends not counted. With them every product of two
/// numbers fits.
const DIGITS_MAX: usize = 18;
/// Largest power of ten by which a number is moved, either way.
const EXPONENT_MAX: i32 = 36;
/// Fen have two decimals of a yuan.
const FEN_DECIMALS: i32 = 2;

/// What is wrong with an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountFault {
    /// It is no JSON number, or one with too many digits.
    #[error("is not a decimal number of at most 18 digits; correct it")]
    NotDecimal,
    /// It is negative.
    #[error("is negative; a credit is a refund, not an item")]
    Negative,
    /// It is zero.
    #[error("is zero; leave out what is free")]
    Zero,
    /// It has a part smaller than a fen.
    #[error("has more than two decimals; round it to fen where it is made")]
    SubFen,
    /// It is too large.
    #[error("is too large; the chain counts prices in 64 bits of fen and units in 32")]
    TooLarge,
}

/// A number that is not negative: `digits × 10^exponent`, with no zero at the end of the digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    digits: u128,
    exponent: i32,
}

impl Decimal {
    /// Reads a JSON number.
    pub fn parse(text: &str) -> Result<Self, AmountFault> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (
                mantissa,
                exponent.parse().map_err(|_| AmountFault::NotDecimal)?,
            ),
            None => (text, 0),
        };
        let is_negative = mantissa.starts_with('-');
        let mantissa = mantissa.trim_start_matches('-');
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let decimals = i32::try_from(part.len()).map_err(|_| AmountFault::NotDecimal)?;
        let all: String = [whole, part].concat();
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AmountFault::NotDecimal);
        }
        let kept = all.trim_end_matches('0');
        let zeros = i32::try_from(all.len() - kept.len()).map_err(|_| AmountFault::NotDecimal)?;
        let kept = kept.trim_start_matches('0');
        if kept.is_empty() {
            return Ok(Self {
                digits: 0,
                exponent: 0,
            });
        }
        if is_negative {
            return Err(AmountFault::Negative);
        }
        let exponent: i32 = exponent;
        let exponent = exponent
            .checked_sub(decimals)
            .and_then(|exponent| exponent.checked_add(zeros))
            .filter(|exponent| exponent.abs() <= EXPONENT_MAX);
        match (kept.len() <= DIGITS_MAX, kept.parse(), exponent) {
            (true, Ok(digits), Some(exponent)) => Ok(Self { digits, exponent }),
            _ => Err(AmountFault::NotDecimal),
        }
    }

    /// An amount in yuan as fen: positive, whole, and within 64 bits.
    pub fn to_fen(self) -> Result<u64, AmountFault> {
        let fen = self.scaled(FEN_DECIMALS)?.ok_or(AmountFault::SubFen)?;
        positive(fen)
    }

    /// The product, in fen, rounded half up.
    pub fn times_in_fen(self, other: Self) -> Result<u64, AmountFault> {
        // Both have at most 18 digits, so the product fits into 128 bits.
        let product = Self {
            digits: self.digits.saturating_mul(other.digits),
            exponent: self.exponent.saturating_add(other.exponent),
        };
        let shift = product.exponent.saturating_add(FEN_DECIMALS);
        if shift >= 0 {
            return positive(product.scaled(FEN_DECIMALS)?.ok_or(AmountFault::SubFen)?);
        }
        let fen = match power_of_ten(shift.unsigned_abs()) {
            Some(divisor) => (product.digits + divisor / 2) / divisor,
            None => 0,
        };
        positive(fen)
    }

    /// A count of units, if it is whole, positive and within 32 bits.
    pub fn to_units(self) -> Option<u32> {
        let units = self.scaled(0).ok()??;
        u32::try_from(units).ok().filter(|units| *units > 0)
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// The number times a power of ten: none if that is not whole.
    fn scaled(self, decimals: i32) -> Result<Option<u128>, AmountFault> {
        let shift = self.exponent.saturating_add(decimals);
        if shift < 0 {
            // There is no zero at the end that could be taken away.
            return Ok((self.digits == 0).then_some(0));
        }
        power_of_ten(shift.unsigned_abs())
            .and_then(|factor| self.digits.checked_mul(factor))
            .map(Some)
            .ok_or(AmountFault::TooLarge)
    }
}

fn power_of_ten(exponent: u32) -> Option<u128> {
    10_u128.checked_pow(exponent)
}

fn positive(fen: u128) -> Result<u64, AmountFault> {
    match u64::try_from(fen) {
        Ok(0) => Err(AmountFault::Zero),
        Ok(fen) => Ok(fen),
        Err(_) => Err(AmountFault::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fen(text: &str) -> Result<u64, AmountFault> {
        Decimal::parse(text)?.to_fen()
    }

    #[test]
    fn amounts_are_exact() {
        assert_eq!(fen("140.52"), Ok(14_052));
        assert_eq!(fen("125"), Ok(12_500));
        assert_eq!(fen("125.0000"), Ok(12_500));
        assert_eq!(fen("618.3"), Ok(61_830));
        assert_eq!(fen("0.01"), Ok(1));
        assert_eq!(fen("1.2552E2"), Ok(12_552));
        assert_eq!(fen("5e-2"), Ok(5));
        assert_eq!(fen("184467440737095516.15"), Err(AmountFault::NotDecimal));
        assert_eq!(fen("184467440737095516"), Ok(18_446_744_073_709_551_600));
    }

    #[test]
    fn what_cannot_be_charged_is_named() {
        assert_eq!(fen("-1"), Err(AmountFault::Negative));
        assert_eq!(fen("-0"), Err(AmountFault::Zero));
        assert_eq!(fen("0.00"), Err(AmountFault::Zero));
        assert_eq!(fen("1.005"), Err(AmountFault::SubFen));
        assert_eq!(fen("200000000000000000"), Err(AmountFault::TooLarge));
        assert_eq!(fen("1e30"), Err(AmountFault::TooLarge));
        for text in [
            "",
            "\"1\"",
            "1e99999999999",
            "1e400",
            "null",
            "1.2.3",
            "1234567890123456789",
        ] {
            assert_eq!(fen(text), Err(AmountFault::NotDecimal), "{text}");
        }
    }

    #[test]
    fn products_are_rounded_half_up() {
        let product = |a, b| Decimal::parse(a)?.times_in_fen(Decimal::parse(b)?);
        assert_eq!(product("0.0345", "100"), Ok(345));
        assert_eq!(product("0.125", "1"), Ok(13));
        assert_eq!(product("0.1249", "1"), Ok(12));
        assert_eq!(product("0.001", "1"), Err(AmountFault::Zero));
        assert_eq!(product("1e-30", "1e-30"), Err(AmountFault::Zero));
        assert_eq!(product("1e18", "1e18"), Err(AmountFault::TooLarge));
    }

    proptest! {
        #[test]
        fn any_amount_in_fen_survives(amount in 1_u64..1_000_000_000_000, zeros in 0_usize..6) {
            let text = format!("{}.{:02}{}", amount / 100, amount % 100, "0".repeat(zeros));
            prop_assert_eq!(fen(&text), Ok(amount));
            prop_assert_eq!(fen(&format!("{amount}E-2")), Ok(amount));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9eE.]{0,50}", other in "[0-9]{1,20}([.][0-9]{1,20})?(e-?[0-9]{1,3})?") {
            if let (Ok(a), Ok(b)) = (Decimal::parse(&text), Decimal::parse(&other)) {
                let _outcome = (a.to_fen(), a.to_units(), a.times_in_fen(b));
            }
        }
    }
}
