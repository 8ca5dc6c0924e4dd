//! How captchas look and how long they live: `uni-config-center/uni-captcha/config.json`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Format;
use super::color::Rgb;
use super::glyphs::glyph;
use super::question::ALPHABET;

/// An alphabet needs so many characters that differ without regard to case.
const LEAST_ALPHABET: usize = 8;

/// Which sums are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operators {
    Add,
    Subtract,
    Both,
}

/// How the captchas of one scene look and how long they live. Every value is within its bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptchaOptions {
    pub(super) format: Format,
    pub(super) width: u32,
    pub(super) height: u32,
    /// None is transparent.
    pub(super) background: Option<Rgb>,
    pub(super) size: u32,
    pub(super) noise: u32,
    pub(super) font_size: u32,
    pub(super) color: bool,
    pub(super) alphabet: Vec<char>,
    char_preset: String,
    ignore_chars: String,
    pub(super) math: bool,
    pub(super) math_min: u32,
    pub(super) math_max: u32,
    pub(super) operators: Operators,
    pub(super) level: u32,
    expires_seconds: u32,
}

impl Default for CaptchaOptions {
    fn default() -> Self {
        Self {
            format: Format::Svg,
            width: 150,
            height: 50,
            background: Some(Rgb(0xFF, 0xFA, 0xE8)),
            size: 4,
            noise: 4,
            font_size: 40,
            color: false,
            alphabet: ALPHABET.chars().collect(),
            char_preset: ALPHABET.to_owned(),
            ignore_chars: String::new(),
            math: false,
            math_min: 1,
            math_max: 9,
            operators: Operators::Both,
            level: 2,
            expires_seconds: 180,
        }
    }
}

impl CaptchaOptions {
    /// Reads a configuration; the same as [`CaptchaConfig::parse`].
    pub fn parse(value: &Value) -> (CaptchaConfig, Vec<String>) {
        CaptchaConfig::parse(value)
    }

    /// How long a captcha lives, in seconds (`expiresDate`).
    pub fn expires_seconds(&self) -> u32 {
        self.expires_seconds
    }

    /// The picture's format (`mode`) where the client does not need another.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The options with those of `fields` laid over them. `path` names the object in problems.
    fn overlaid(&self, fields: &Map<String, Value>, path: &str, problems: &mut Vec<String>) -> Self {
        let mut options = self.clone();
        for (key, value) in fields {
            let mut field = Field { path: format!("{path}{key}"), value, problems };
            match key.as_str() {
                "mode" => field.choice(&mut options.format, &[("svg", Format::Svg), ("png", Format::Png), ("bmp", Format::Bmp)]),
                "width" => field.number(&mut options.width, 40, 600),
                "height" => field.number(&mut options.height, 20, 300),
                "background" => field.background(&mut options.background),
                "size" => field.number(&mut options.size, 1, 10),
                "noise" => field.number(&mut options.noise, 0, 20),
                "fontSize" => field.number(&mut options.font_size, 10, 300),
                "color" => field.flag(&mut options.color),
                "charPreset" => field.text(&mut options.char_preset),
                "ignoreChars" => field.text(&mut options.ignore_chars),
                "mathExpr" => field.flag(&mut options.math),
                "mathMin" => field.number(&mut options.math_min, 0, 99),
                "mathMax" => field.number(&mut options.math_max, 0, 99),
                "mathOperator" => {
                    let operators = [("+", Operators::Add), ("-", Operators::Subtract), ("+-", Operators::Both), ("", Operators::Both)];
                    field.choice(&mut options.operators, &operators);
                }
                "level" => field.number(&mut options.level, 1, 5),
                "expiresDate" => field.number(&mut options.expires_seconds, 1, 86_400),
                // Read by `CaptchaConfig::parse`.
                "scene" if path.is_empty() => {}
                _ => field.problem("unknown option"),
            }
        }
        if options.math_min > options.math_max {
            problems.push(format!("{path}mathMin: greater than mathMax ({} > {})", options.math_min, options.math_max));
            std::mem::swap(&mut options.math_min, &mut options.math_max);
        }
        if options.char_preset != self.char_preset || options.ignore_chars != self.ignore_chars {
            options.alphabet = alphabet(&options.char_preset, &options.ignore_chars, path, problems);
        }
        options
    }
}

/// The characters to draw from: those of `preset` (empty means the default) without `ignored`.
fn alphabet(preset: &str, ignored: &str, path: &str, problems: &mut Vec<String>) -> Vec<char> {
    let mut alphabet: Vec<char> = Vec::new();
    for character in if preset.is_empty() { ALPHABET } else { preset }.chars() {
        if !character.is_ascii_alphanumeric() || glyph(character).is_none() {
            problems.push(format!("{path}charPreset: {character:?} is not a letter or digit of ASCII"));
        } else if !ignored.contains(character) && !alphabet.contains(&character) {
            alphabet.push(character);
        }
    }
    let distinct: std::collections::BTreeSet<char> = alphabet.iter().map(char::to_ascii_lowercase).collect();
    if distinct.len() < LEAST_ALPHABET {
        problems.push(format!(
            "{path}charPreset: without ignoreChars only {} different characters, at least {LEAST_ALPHABET} are needed",
            distinct.len()
        ));
        return ALPHABET.chars().collect();
    }
    alphabet
}

/// The captcha options of all scenes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaptchaConfig {
    options: CaptchaOptions,
    scenes: BTreeMap<String, CaptchaOptions>,
}

impl CaptchaConfig {
    /// Reads the content of `uni-captcha/config.json`. All fields are optional; numbers may be
    /// written as strings, as the original's documentation does. Each problem begins with the path
    /// of the field; an unusable value leaves the default in force, one out of bounds the bound.
    pub fn parse(value: &Value) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let Value::Object(fields) = value else {
            return (Self::default(), vec!["uni-captcha/config.json: must be an object".to_owned()]);
        };
        let options = CaptchaOptions::default().overlaid(fields, "", &mut problems);
        let mut scenes = BTreeMap::new();
        match fields.get("scene") {
            None => {}
            Some(Value::Object(entries)) => {
                for (name, entry) in entries {
                    match entry {
                        Value::Object(fields) => {
                            let overlaid = options.overlaid(fields, &format!("scene.{name}."), &mut problems);
                            scenes.insert(name.clone(), overlaid);
                        }
                        _ => problems.push(format!("scene.{name}: must be an object")),
                    }
                }
            }
            Some(_) => problems.push("scene: must be an object".to_owned()),
        }
        (Self { options, scenes }, problems)
    }

    /// The options of `scene`; those of the top level where the scene has none of its own.
    pub fn for_scene(&self, scene: &str) -> &CaptchaOptions {
        self.scenes.get(scene).unwrap_or(&self.options)
    }
}

/// One field that is being read.
struct Field<'a> {
    path: String,
    value: &'a Value,
    problems: &'a mut Vec<String>,
}

impl Field<'_> {
    fn problem(&mut self, what: &str) {
        self.problems.push(format!("{}: {what}", self.path));
    }

    fn number(&mut self, target: &mut u32, low: u32, high: u32) {
        let number = match self.value {
            Value::Number(number) => number.as_f64().filter(|number| number.fract() == 0.0),
            Value::String(text) => text.trim().parse::<i32>().ok().map(f64::from),
            _ => None,
        };
        match number {
            Some(number) if (f64::from(low)..=f64::from(high)).contains(&number) => *target = number as u32,
            Some(number) => {
                *target = if number < f64::from(low) { low } else { high };
                self.problem(&format!("{number} is not between {low} and {high}"));
            }
            None => self.problem("must be a whole number"),
        }
    }

    fn flag(&mut self, target: &mut bool) {
        match self.value {
            Value::Bool(flag) => *target = *flag,
            _ => self.problem("must be true or false"),
        }
    }

    fn text(&mut self, target: &mut String) {
        match self.value {
            Value::String(text) if text.len() <= 1000 => target.clone_from(text),
            Value::String(_) => self.problem("longer than 1000 bytes"),
            _ => self.problem("must be a string"),
        }
    }

    fn choice<T: Copy>(&mut self, target: &mut T, choices: &[(&str, T)]) {
        let text = self.value.as_str();
        match choices.iter().find(|(name, _)| text == Some(name)) {
            Some((_, choice)) => *target = *choice,
            None => {
                let names: Vec<String> = choices.iter().map(|(name, _)| format!("{name:?}")).collect();
                self.problem(&format!("must be one of {}", names.join(", ")));
            }
        }
    }

    fn background(&mut self, target: &mut Option<Rgb>) {
        match self.value.as_str() {
            Some("" | "transparent") => *target = None,
            Some(text) if Rgb::parse(text).is_some() => *target = Rgb::parse(text),
            _ => self.problem("must be a colour as #rrggbb, or empty for none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn accepted(value: Value) -> CaptchaConfig {
        let (config, problems) = CaptchaConfig::parse(&value);
        assert_eq!(problems, Vec::<String>::new());
        config
    }

    #[test]
    fn an_empty_configuration_is_the_default() {
        assert_eq!(accepted(json!({})), CaptchaConfig::default());
        assert_eq!(CaptchaConfig::default().for_scene("x").expires_seconds(), 180);
    }

    #[test]
    fn the_usual_configuration_is_accepted() {
        let config = accepted(json!({
            "mode": "bmp", "width": 150, "height": 50, "background": "#FFFAE8", "size": 4, "noise": 4, "fontSize": 40,
            "color": true, "ignoreChars": "0o1il", "mathExpr": false, "mathMin": 1, "mathMax": 9, "mathOperator": "",
            "expiresDate": 180, "level": 2
        }));
        assert_eq!(config.for_scene("login-by-pwd").format(), Format::Bmp);
    }

    #[test]
    fn numbers_may_be_written_as_strings() {
        assert_eq!(accepted(json!({"size": "6", "noise": "2"})).for_scene("x").size, 6);
    }

    #[test]
    fn a_scene_lays_its_options_over_the_top_level() {
        let config = accepted(json!({
            "mathExpr": true, "size": 5, "scene": {"register": {"expiresDate": 60, "mathExpr": false}, "pay": {"ignoreChars": "2"}}
        }));
        let (register, other, pay) = (config.for_scene("register"), config.for_scene("login"), config.for_scene("pay"));
        assert_eq!((register.expires_seconds(), register.math, register.size), (60, false, 5));
        assert_eq!((other.expires_seconds(), other.math, other.size), (180, true, 5));
        assert!(!pay.alphabet.contains(&'2') && other.alphabet.contains(&'2'));
    }

    #[test]
    fn values_out_of_bounds_are_reported_and_bounded() {
        let (config, problems) = CaptchaConfig::parse(&json!({
            "width": 601, "height": 1, "size": 0, "noise": 21, "fontSize": 1e300, "mathMax": -1, "expiresDate": 0, "level": 99
        }));
        let options = config.for_scene("x");
        assert_eq!((options.width, options.height, options.size, options.noise), (600, 20, 1, 20));
        assert_eq!((options.font_size, options.math_min, options.math_max, options.expires_seconds), (300, 0, 1, 1));
        assert_eq!(problems[0], "width: 601 is not between 40 and 600");
        // The eight fields, and mathMin above mathMax.
        assert_eq!(problems.len(), 9);
    }

    #[test]
    fn unknown_and_mistyped_fields_are_reported_with_their_path() {
        let (config, problems) = CaptchaConfig::parse(&json!({
            "widht": 1, "mode": "gif", "color": "yes", "size": 4.5, "background": "beige", "ignoreChars": 1, "mathOperator": "*",
            "scene": {"register": {"scene": {}, "noise": null}, "pay": 3}
        }));
        assert_eq!(config.for_scene("x"), &CaptchaOptions::default());
        let paths: Vec<&str> = problems.iter().filter_map(|problem| problem.split(": ").next()).collect();
        let expected = ["widht", "mode", "color", "size", "background", "ignoreChars", "mathOperator"];
        assert_eq!(paths[..7], expected);
        assert_eq!(paths[7..], ["scene.register.scene", "scene.register.noise", "scene.pay"]);
    }

    #[test]
    fn what_is_no_object_is_reported() {
        for value in [json!(null), json!([]), json!("svg")] {
            assert_eq!(CaptchaConfig::parse(&value).1.len(), 1);
        }
        assert_eq!(CaptchaConfig::parse(&json!({"scene": []})).1.len(), 1);
    }

    #[test]
    fn an_alphabet_too_small_or_not_drawable_is_refused() {
        for preset in ["AAAAaaaa", "ABC", "验证码一二三四五六七八"] {
            let (config, problems) = CaptchaConfig::parse(&json!({"charPreset": preset}));
            assert!(problems.iter().all(|problem| problem.starts_with("charPreset: ")) && !problems.is_empty());
            assert_eq!(config.for_scene("x").alphabet, CaptchaOptions::default().alphabet);
        }
        assert_eq!(accepted(json!({"charPreset": "0123456789", "ignoreChars": "01"})).for_scene("x").alphabet.len(), 8);
    }
}
