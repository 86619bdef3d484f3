//! Amounts in Chinese capital numerals, as they are written on cheques and invoices so that no
//! stroke can change them.

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
/// The places of a group of four digits, the highest first.
const PLACES: [(u64, &str); 4] = [(1_000, "仟"), (100, "佰"), (10, "拾"), (1, "")];
/// What groups count, the largest first. 亿 is read like a place: what it counts can itself have 万
/// and 亿.
const GROUPS: [(u64, &str); 2] = [(100_000_000, "亿"), (10_000, "万")];
const FEN_PER_YUAN: u64 = 100;
const FEN_PER_JIAO: u64 = 10;

/// An amount in fen in words: 10050 is 壹佰元伍角.
///
/// 零 stands for places that are skipped within a number, and between 元 and 分; 整 ends an amount
/// without 角 and 分.
pub fn capitals(amount_fen: u64) -> String {
    let (yuan, rest) = (amount_fen / FEN_PER_YUAN, amount_fen % FEN_PER_YUAN);
    let (jiao, fen) = (rest / FEN_PER_JIAO, rest % FEN_PER_JIAO);
    let mut words = String::new();
    if yuan > 0 || rest == 0 {
        write_number(yuan, &mut words);
        words.push('元');
    }
    match (jiao, fen) {
        (0, 0) => words.push('整'),
        (0, fen) => {
            if yuan > 0 {
                words.push('零');
            }
            words.extend([digit(fen), '分']);
        }
        (jiao, 0) => words.extend([digit(jiao), '角']),
        (jiao, fen) => words.extend([digit(jiao), '角', digit(fen), '分']),
    }
    words
}

/// A whole number.
fn write_number(number: u64, words: &mut String) {
    for (unit, name) in GROUPS {
        if number >= unit {
            write_number(number / unit, words);
            words.push_str(name);
            let rest = number % unit;
            if rest > 0 {
                // The highest place of what follows is empty.
                if rest < unit / 10 {
                    words.push('零');
                }
                write_number(rest, words);
            }
            return;
        }
    }
    write_group(number, words);
}

/// A number below 10,000.
fn write_group(number: u64, words: &mut String) {
    if number == 0 {
        words.push('零');
        return;
    }
    let (mut has_begun, mut has_gap) = (false, false);
    for (unit, name) in PLACES {
        match number / unit % 10 {
            0 => has_gap = has_begun,
            place => {
                if has_gap {
                    words.push('零');
                }
                words.push(digit(place));
                words.push_str(name);
                (has_begun, has_gap) = (true, false);
            }
        }
    }
}

fn digit(digit: u64) -> char {
    usize::try_from(digit)
        .ok()
        .and_then(|digit| DIGITS.get(digit))
        .copied()
        .unwrap_or('零')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads words back, by a rule of its own: digits are multiplied with the places that follow
    /// them, and a unit multiplies all that came before it and is smaller.
    fn read(words: &str) -> u64 {
        let words = words.trim_end_matches('整');
        let (yuan, rest) = words.split_once('元').unwrap_or(("", words));
        let mut fen = 0;
        let mut digit = 0;
        for character in rest.chars() {
            match character {
                '角' => fen += 10 * digit,
                '分' => fen += digit,
                other => digit = value(other),
            }
        }
        number(yuan) * 100 + fen
    }

    fn value(digit: char) -> u64 {
        u64::try_from(DIGITS.iter().position(|own| *own == digit).unwrap()).unwrap()
    }

    fn number(words: &str) -> u64 {
        for (unit, name) in [
            (100_000_000, '亿'),
            (10_000, '万'),
            (1_000, '仟'),
            (100, '佰'),
            (10, '拾'),
        ] {
            if let Some((above, below)) = words.rsplit_once(name) {
                return number(above) * unit + number(below);
            }
        }
        words.chars().fold(0, |_, digit| value(digit))
    }

    #[test]
    fn amounts_are_written_as_on_cheques() {
        for (fen, words) in [
            (0, "零元整"),
            (1, "壹分"),
            (10, "壹角"),
            (99, "玖角玖分"),
            (100, "壹元整"),
            (1_000, "壹拾元整"),
            (10_050, "壹佰元伍角"),
            (10_005, "壹佰元零伍分"),
            (32_504, "叁佰贰拾伍元零肆分"),
            (140_950, "壹仟肆佰零玖元伍角"),
            (168_032, "壹仟陆佰捌拾元叁角贰分"),
            (600_714, "陆仟零柒元壹角肆分"),
            (10_700_053, "壹拾万柒仟元伍角叁分"),
            (10_050_000, "壹拾万零伍佰元整"),
            (100_100_000_000, "壹拾亿零壹佰万元整"),
            (100_000_000_005, "壹拾亿元零伍分"),
            (1_000_000_000_000_000, "壹拾万亿元整"),
            (1_000_000_010_000, "壹佰亿零壹佰元整"),
        ] {
            assert_eq!(capitals(fen), words, "{fen}");
        }
    }

    proptest! {
        #[test]
        fn any_amount_can_be_read_back(fen in any::<u64>(), digits in 0_u32..20) {
            let fen = fen % 10_u64.saturating_pow(digits).max(1);
            let words = capitals(fen);
            prop_assert_eq!(read(&words), fen, "{}", words);
            prop_assert!(!words.contains("零零"), "{}", words);
        }
    }
}
