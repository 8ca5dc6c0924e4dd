//! What a captcha shows and what must be typed.

use crate::random::Random;

use super::options::{CaptchaOptions, Operators};

/// Letters and digits that nobody confuses, whichever way they lean. Case does not count when the
/// answer is compared, so a letter may appear in both cases. Left out: 0 O o, 1 I i J j l, 2's Z z,
/// 5's S s, 6 8 9's B b G g q, C c (an e with a line through it), V v (U, Y), f (t), r (part of n
/// and m).
pub(super) const ALPHABET: &str = "23456789ADEFHKLMNPQRTUWXYadehkmnptuwxy";

/// A captcha before it is drawn.
pub(super) struct Question {
    /// The characters in the picture.
    pub shown: Vec<char>,
    /// What the user must type.
    pub answer: String,
}

impl Question {
    /// A new question as `options` want it.
    pub fn ask(options: &CaptchaOptions, random: &dyn Random) -> Self {
        if options.math { Self::sum(options, random) } else { Self::characters(options, random) }
    }

    fn characters(options: &CaptchaOptions, random: &dyn Random) -> Self {
        let answer = random.text(&options.alphabet, options.size as usize);
        Self { shown: answer.chars().collect(), answer }
    }

    /// An addition, or a subtraction whose result is not negative.
    fn sum(options: &CaptchaOptions, random: &dyn Random) -> Self {
        let [one, two] = [(); 2].map(|()| random.between(options.math_min, options.math_max));
        let adds = match options.operators {
            Operators::Add => true,
            Operators::Subtract => false,
            Operators::Both => random.below(2) == 0,
        };
        let (text, answer) =
            if adds { (format!("{one}+{two}=?"), one + two) } else { (format!("{}-{}=?", one.max(two), one.min(two)), one.abs_diff(two)) };
        Self { shown: text.chars().collect(), answer: answer.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::captcha::CaptchaConfig;
    use crate::captcha::testing::Seeded;

    fn questions(config: serde_json::Value, count: usize) -> Vec<Question> {
        let (config, problems) = CaptchaConfig::parse(&config);
        assert_eq!(problems, Vec::<String>::new());
        let random = Seeded::new(5);
        (0..count).map(|_| Question::ask(config.for_scene("any"), &random)).collect()
    }

    #[test]
    fn the_alphabet_has_no_look_alikes_and_no_character_twice() {
        let distinct: BTreeSet<char> = ALPHABET.chars().collect();
        assert_eq!(distinct.len(), ALPHABET.len());
        assert!("0Oo1IilJj5Ss".chars().filter(|&c| c != '5').all(|character| !distinct.contains(&character)));
        // Each lower-case letter counts as its capital.
        let answers: BTreeSet<char> = ALPHABET.to_lowercase().chars().collect();
        assert_eq!(answers.len(), 25);
    }

    #[test]
    fn every_character_of_the_alphabet_is_asked_and_no_other() {
        let seen: BTreeSet<char> = questions(json!({"size": 6}), 500).into_iter().flat_map(|question| question.shown).collect();
        assert_eq!(seen, ALPHABET.chars().collect());
    }

    #[test]
    fn ignored_characters_are_not_asked() {
        let seen: BTreeSet<char> =
            questions(json!({"ignoreChars": "234Aa", "size": 6}), 500).into_iter().flat_map(|question| question.shown).collect();
        assert_eq!(seen, ALPHABET.chars().filter(|character| !"234Aa".contains(*character)).collect());
    }

    #[test]
    fn the_answer_of_a_sum_is_its_result_and_never_negative() {
        for operator in ["+", "-", "+-", ""] {
            for question in questions(json!({"mathExpr": true, "mathOperator": operator, "mathMin": 0, "mathMax": 99}), 500) {
                let shown: String = question.shown.iter().collect();
                let sum = shown.strip_suffix("=?").unwrap();
                let expected: i32 = match sum.split_once('+') {
                    Some((one, two)) if operator != "-" => one.parse::<i32>().unwrap() + two.parse::<i32>().unwrap(),
                    Some(_) => panic!("{shown} for operator {operator}"),
                    None => {
                        assert_ne!(operator, "+");
                        let (one, two) = sum.split_once('-').unwrap();
                        one.parse::<i32>().unwrap() - two.parse::<i32>().unwrap()
                    }
                };
                assert!(expected >= 0, "{shown}");
                assert_eq!(question.answer, expected.to_string(), "{shown}");
            }
        }
    }

    #[test]
    fn both_operators_are_asked_unless_one_is_named() {
        let shown: Vec<String> =
            questions(json!({"mathExpr": true}), 100).into_iter().map(|question| question.shown.into_iter().collect()).collect();
        assert!(shown.iter().any(|text| text.contains('+')));
        assert!(shown.iter().any(|text| text.contains('-')));
    }
}
