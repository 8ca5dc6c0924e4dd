//! What one caller is told: the built-in words, and over them those of the project's
//! `lang/index.js`.

use std::borrow::Cow;

use lingpai_domain::{error::Error, project::ProjectScripts};

use crate::words::{Locale, Words, fill, strip_placeholders};

/// The words for one caller.
#[derive(Clone, Copy)]
pub struct Speech<'a> {
    locale: Locale,
    /// The client's `locale` as it was sent: a project may have texts in a language of which the
    /// program knows nothing.
    tag: &'a str,
    scripts: Option<&'a dyn ProjectScripts>,
}

impl<'a> Speech<'a> {
    /// The words for a client's `locale`.
    pub fn new(client_locale: Option<&'a str>, scripts: Option<&'a dyn ProjectScripts>) -> Self {
        let locale = Locale::from_client(client_locale);
        Self { locale, tag: client_locale.unwrap_or_default().trim(), scripts }
    }

    /// The client's `locale` as it was sent; empty if it sent none.
    pub fn tag(&self) -> &'a str {
        self.tag
    }

    /// A text by its key, or the key itself if there is none.
    pub fn text<'k>(&self, key: &'k str) -> Cow<'k, str>
    where
        'a: 'k,
    {
        match self.own(key) {
            Some(text) => text.into(),
            None => Words::built_in().text(self.locale, key).into(),
        }
    }

    /// A text by its key. `original` is what the original calls it: projects may have written
    /// their own text under that name.
    pub fn text_known_as(&self, key: &str, original: &str) -> String {
        let own = self.own(key).or_else(|| self.own(original));
        own.unwrap_or_else(|| Words::built_in().text(self.locale, key).to_owned())
    }

    /// A text with its placeholders `{name}` filled in.
    pub fn fill(&self, key: &str, args: &[(&str, &str)]) -> String {
        fill(&self.text(key), args)
    }

    /// The message of an error.
    pub fn message(&self, error: &Error) -> String {
        self.message_of(error.code.wire(), error)
    }

    /// The message for a code that need not be one of ours, with an error's values.
    pub fn message_of(&self, code: &str, error: &Error) -> String {
        let args: Vec<(&str, &str)> = error.args.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        // A project's own words for the code stand for all its forms.
        let key = if self.own(code).is_some() { code.into() } else { Words::built_in().key(code, error) };
        strip_placeholders(&self.fill(&key, &args))
    }

    /// The project's own text, in the language that is nearest: the client's, the program's for it,
    /// and for all Chinese the simplified one, as in the original.
    fn own(&self, key: &str) -> Option<String> {
        let scripts = self.scripts?;
        let own = |tag: &str| if tag.is_empty() { None } else { scripts.text(tag, key) };
        own(self.tag).or_else(|| own(self.locale.tag())).or_else(|| match self.locale {
            Locale::ZhHant => own(Locale::ZhHans.tag()),
            Locale::ZhHans | Locale::En => None,
        })
    }
}
