//! Names of the fields that clients are known to send.

/// Names that clients are known to send, by length. Others are kept as well; these cost no allocation.
pub(super) const KNOWN: [&str; 49] = [
    "OS",
    "ua",
    "APPID",
    "appId",
    "scene",
    "LOCALE",
    "locale",
    "osName",
    "source",
    "appName",
    "channel",
    "osTheme",
    "romName",
    "DEVICEID",
    "PLATFORM",
    "clientIP",
    "deviceId",
    "hostName",
    "hostTheme",
    "isUniAppX",
    "osVersion",
    "userAgent",
    "appVersion",
    "deviceType",
    "osLanguage",
    "romVersion",
    "secretType",
    "uniIdToken",
    "appLanguage",
    "browserName",
    "deviceBrand",
    "deviceModel",
    "hostVersion",
    "screenWidth",
    "uniPlatform",
    "windowWidth",
    "hostLanguage",
    "screenHeight",
    "windowHeight",
    "appWgtVersion",
    "appVersionCode",
    "browserVersion",
    "hostPackageName",
    "devicePixelRatio",
    "deviceOrientation",
    "uniCompileVersion",
    "uniRuntimeVersion",
    "uniCompilerVersion",
    "hostFontSizeSetting",
];

/// Longest of the known names, bytes.
const LONGEST: usize = KNOWN[KNOWN.len() - 1].len();

/// Where the known names of each length begin; the last is one past the longest.
const BY_LENGTH: [usize; LONGEST + 2] = {
    let mut starts = [0; LONGEST + 2];
    let mut length = 0;
    while length < starts.len() {
        while starts[length] < KNOWN.len() && KNOWN[starts[length]].len() < length {
            starts[length] += 1;
        }
        length += 1;
    }
    starts
};

/// The number of a known name.
pub(super) fn number_of(name: &str) -> Option<usize> {
    let start = *BY_LENGTH.get(name.len())?;
    let end = BY_LENGTH.get(name.len() + 1).copied().unwrap_or(KNOWN.len());
    (start..end).find(|&number| KNOWN[number] == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_stand_by_length_and_are_found() {
        assert!(KNOWN.is_sorted_by_key(|name| name.len()));
        for (number, name) in KNOWN.iter().enumerate() {
            assert_eq!(number_of(name), Some(number), "{name}");
        }
        for other in ["", "appid", "x", &"x".repeat(LONGEST), &"x".repeat(LONGEST + 1), &"x".repeat(500)] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }
}
