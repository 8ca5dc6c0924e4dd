//! Texts for people, by language and key. The files in `locales/` are compiled in.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use lingpai_domain::error::Error;

/// A language that the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// Simplified Chinese: the default, as in the original.
    #[default]
    ZhHans,
    /// Traditional Chinese (ours).
    ZhHant,
    /// English.
    En,
}

impl Locale {
    /// All of them.
    pub const ALL: [Locale; 3] = [Locale::ZhHans, Locale::ZhHant, Locale::En];

    /// Reads the client's `locale`. Anything that is not known is simplified Chinese.
    pub fn from_client(locale: Option<&str>) -> Self {
        let Some(locale) = locale else { return Self::ZhHans };
        let tag = locale.trim();
        if begins_with(tag, "en") {
            Self::En
        } else if ["zh-hant", "zh-tw", "zh-hk", "zh-mo"].iter().any(|known| begins_with(tag, known)) {
            Self::ZhHant
        } else {
            Self::ZhHans
        }
    }

    /// The tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhHans => "zh-Hans",
            Self::ZhHant => "zh-Hant",
            Self::En => "en",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::ZhHans => include_str!("../locales/zh-Hans.toml"),
            Self::ZhHant => include_str!("../locales/zh-Hant.toml"),
            Self::En => include_str!("../locales/en.toml"),
        }
    }
}

/// Whether a tag is `known` or a variant of it. Capitals and underscores make no difference. Every
/// call asks this, so nothing is copied.
pub fn begins_with(tag: &str, known: &str) -> bool {
    let mut tag = tag.bytes().map(|byte| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() });
    known.bytes().all(|byte| tag.next() == Some(if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }))
        && matches!(tag.next(), None | Some(b'-'))
}

/// All texts.
#[derive(Debug)]
pub struct Words(HashMap<Locale, HashMap<String, String>>);

static BUILT_IN: LazyLock<Words> = LazyLock::new(|| {
    let read = |locale: Locale| toml::from_str(locale.source()).expect("the compiled-in texts are well-formed: a test reads them");
    Words(Locale::ALL.into_iter().map(|locale| (locale, read(locale))).collect())
});

impl Words {
    /// The compiled-in texts.
    pub fn built_in() -> &'static Words {
        &BUILT_IN
    }

    /// A text by its key, or the key itself if there is none.
    pub fn text<'a>(&'a self, locale: Locale, key: &'a str) -> &'a str {
        self.0.get(&locale).and_then(|texts| texts.get(key)).map_or(key, String::as_str)
    }

    /// A text with its placeholders `{name}` filled in.
    pub fn fill(&self, locale: Locale, key: &str, args: &[(&str, &str)]) -> String {
        fill(self.text(locale, key), args)
    }

    /// The message of an error.
    pub fn message(&self, locale: Locale, error: &Error) -> String {
        let args: Vec<(&str, &str)> = error.args.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        strip_placeholders(&self.fill(locale, &self.key(error.code.wire(), error), &args))
    }

    /// Under which key the words of a code are: some codes have others for waits of minutes and of hours.
    pub fn key<'a>(&self, code: &'a str, error: &Error) -> Cow<'a, str> {
        let texts = self.0.get(&Locale::ZhHans);
        let told = |unit: &&str| error.args.iter().any(|(name, _)| name == unit);
        let keys = ["hours", "minutes"].into_iter().filter(told).map(|unit| format!("{code}.{unit}"));
        keys.into_iter().find(|key| texts.is_some_and(|texts| texts.contains_key(key))).map_or(Cow::Borrowed(code), Cow::Owned)
    }

    /// The keys of a language, for tests and documentation.
    pub fn keys(&self, locale: Locale) -> impl Iterator<Item = &str> {
        self.0.get(&locale).into_iter().flat_map(|texts| texts.keys().map(String::as_str))
    }
}

/// Fills in placeholders `{name}`.
pub fn fill(text: &str, args: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (name, value) in args {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

/// Takes out placeholders without a value: they would puzzle people more than their absence.
pub fn strip_placeholders(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once('{') {
        kept.push_str(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use lingpai_domain::error::Code;

    use super::*;

    #[test]
    fn every_error_code_has_words_in_every_language() {
        for locale in Locale::ALL {
            for code in Code::ALL {
                assert_ne!(Words::built_in().text(locale, code.wire()), code.wire(), "{} in {}", code.wire(), locale.tag());
            }
        }
    }

    #[test]
    fn languages_have_the_same_keys_and_placeholders() {
        let words = Words::built_in();
        let placeholders = |text: &str| {
            let mut found: Vec<String> = text.split('{').skip(1).filter_map(|p| p.split_once('}')).map(|(p, _)| p.to_owned()).collect();
            found.sort();
            found
        };
        for locale in Locale::ALL {
            for key in words.keys(Locale::ZhHans).chain(words.keys(locale)) {
                assert_eq!(
                    placeholders(words.text(locale, key)),
                    placeholders(words.text(Locale::ZhHans, key)),
                    "{key} in {}",
                    locale.tag()
                );
            }
        }
    }

    #[test]
    fn locales_are_read_as_clients_write_them() {
        for (text, locale) in [
            (None, Locale::ZhHans),
            (Some("en"), Locale::En),
            (Some("en-US"), Locale::En),
            (Some("EN"), Locale::En),
            (Some("zh_TW"), Locale::ZhHant),
            (Some("zh-Hant-HK"), Locale::ZhHant),
            (Some("zh-CN"), Locale::ZhHans),
            (Some("fr"), Locale::ZhHans),
            (Some("enx"), Locale::ZhHans),
        ] {
            assert_eq!(Locale::from_client(text), locale, "{text:?}");
        }
    }

    #[test]
    fn missing_values_leave_no_braces() {
        assert_eq!(strip_placeholders("a {b} c{d}"), "a  c");
    }
}
