//! How wide text is, and where it breaks.

/// Width of a Chinese character, as a share of the size of the text.
const FULL_WIDTH: f32 = 1.0;
/// Width of a Latin letter or digit, likewise.
const HALF_WIDTH: f32 = 0.5;

/// Whether a character is one of those that are half as wide as the others: printable ASCII.
fn is_half(character: char) -> bool {
    matches!(character, ' '..='~')
}

fn char_width(character: char, size: f32) -> f32 {
    size * if is_half(character) {
        HALF_WIDTH
    } else {
        FULL_WIDTH
    }
}

/// The width of a line of text, in points.
pub(crate) fn width(text: &str, size: f32) -> f32 {
    text.chars()
        .map(|character| char_width(character, size))
        .sum()
}

/// Breaks text into lines that are at most `available` points wide: at line feeds, at spaces, beside
/// Chinese characters, and within a word only where it alone is too long. There is at least one
/// line, and one character on a line however narrow it is.
pub(crate) fn lines(text: &str, size: f32, available: f32) -> Vec<String> {
    text.split('\n')
        .flat_map(|paragraph| lines_of_paragraph(paragraph, size, available))
        .collect()
}

fn lines_of_paragraph(paragraph: &str, size: f32, available: f32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut taken = 0.0;
    for word in words(paragraph) {
        let word_width = width(word.trim_end(), size);
        if !line.is_empty() && taken + word_width > available {
            lines.push(std::mem::take(&mut line));
            taken = 0.0;
        }
        for character in word.chars() {
            let wide = char_width(character, size);
            let is_full = taken + wide > available && !line.is_empty();
            if is_full && character == ' ' {
                continue;
            }
            if is_full {
                lines.push(std::mem::take(&mut line));
                taken = 0.0;
            }
            line.push(if character.is_control() {
                ' '
            } else {
                character
            });
            taken += wide;
        }
    }
    lines.push(line);
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// The pieces between which a line may break; spaces belong to the piece before them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, character) in text.char_indices() {
        let breaks = before.is_some_and(|before| {
            let after_space = before == ' ' && character != ' ';
            let beside_full = !is_half(before) || !is_half(character);
            after_space || (beside_full && character != ' ' && !must_not_begin(character))
        });
        if breaks {
            words.extend(text.get(start..at));
            start = at;
        }
        before = Some(character);
    }
    words.extend(text.get(start..));
    words
}

/// Punctuation that does not stand at the beginning of a line.
fn must_not_begin(character: char) -> bool {
    "，。、；：？！）》】”’…,.;:?!)%".contains(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn breaks_at_spaces_and_beside_chinese() {
        assert_eq!(lines("one two three", 10.0, 40.0), ["one two", "three"]);
        assert_eq!(
            lines("挂号费用，明细", 10.0, 30.0),
            ["挂号费", "用，明", "细"]
        );
        assert_eq!(lines("三级医院，", 10.0, 40.0), ["三级医", "院，"]);
        assert_eq!(lines("abcdefghij", 10.0, 20.0), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("a\n\nb", 10.0, 100.0), ["a", "", "b"]);
        assert_eq!(lines("", 10.0, 100.0), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_sticks_out(text in "[a-z0-9 一-龥，。]{0,120}", available in 12.0_f32..200.0) {
            let lines = lines(&text, 10.0, available);
            for line in &lines {
                let is_single = line.chars().count() <= 1;
                prop_assert!(is_single || width(line, 10.0) <= available + 0.001, "{line:?}");
            }
            let squeeze = |text: &str| text.replace(' ', "");
            prop_assert_eq!(squeeze(&lines.concat()), squeeze(&text));
        }
    }
}
