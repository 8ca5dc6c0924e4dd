//! Registered applications.

use std::fmt;

use lingpai_secure::{
    attestation::{android, apple},
    handshake::EvidenceLevel,
};

/// An application and its registered builds.
#[derive(Clone, Debug)]
pub struct RegisteredApp {
    /// `appId`, `__UNI__...`
    pub app_id: String,
    /// Production entries first: they decide before development ones do.
    pub entries: Vec<Entry>,
}

impl RegisteredApp {
    /// The entries of a platform.
    pub fn entries(&self, platform: Platform) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.platform() == platform)
    }
}

/// One registered build.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub identity: Identity,
    /// `version`
    pub version: Version,
    /// `require`
    pub require: EvidenceLevel,
    /// `assertions`: whether each call of the build carries an App Attest assertion. One that comes is checked in any case.
    pub asserts: bool,
}

impl Entry {
    /// The platform.
    pub fn platform(&self) -> Platform {
        match self.identity {
            Identity::Android(_) => Platform::Android,
            Identity::Apple(_) => Platform::Ios,
            Identity::MpWeixin { .. } => Platform::MpWeixin,
            Identity::Web { .. } => Platform::Web,
        }
    }

    /// What a client calls itself: package, bundle id, mini program appid, origin.
    pub fn package(&self) -> &str {
        match &self.identity {
            Identity::Android(rule) => &rule.package,
            Identity::Apple(rule) => &rule.bundle_id,
            Identity::MpWeixin { wx_app_id } => wx_app_id,
            Identity::Web { origin } => origin,
        }
    }
}

/// What identifies a build.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Package and signing certificates.
    Android(android::Rule),
    /// Team and bundle.
    Apple(apple::Rule),
    /// The mini program's own appid.
    MpWeixin {
        /// `wxAppId`
        wx_app_id: String,
    },
    /// A web page's origin.
    Web {
        /// `origin`
        origin: String,
    },
}

/// A platform, as rules and clients name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// `android`
    Android,
    /// `ios`
    Ios,
    /// `mp-weixin`
    MpWeixin,
    /// `web`
    Web,
}

impl Platform {
    /// All of them.
    pub const ALL: [Platform; 4] = [Platform::Android, Platform::Ios, Platform::MpWeixin, Platform::Web];

    /// The name on the wire and in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Platform::Android => "android",
            Platform::Ios => "ios",
            Platform::MpWeixin => "mp-weixin",
            Platform::Web => "web",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.name() == name)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a build is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `production`: what users have.
    Production,
    /// `development`: what developers have; simulators and unlocked devices are admitted.
    Development,
}

impl Version {
    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Version::Production => "production",
            Version::Development => "development",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        [Version::Production, Version::Development].into_iter().find(|version| version.name() == name)
    }
}
