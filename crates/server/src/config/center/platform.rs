//! Names of platforms (`uniPlatform`).

/// The name under which a platform's configuration and identities are kept.
pub fn normalise(uni_platform: &str) -> &str {
    match uni_platform {
        "app" | "app-plus" | "app-android" | "app-ios" => "app",
        "web" | "h5" => "web",
        other => other,
    }
}

/// Whether a field of an entry is a platform's section. Other objects (`service`, `oauth`) are not:
/// a client must not be able to choose them by its uniPlatform.
pub fn is_section(name: &str) -> bool {
    matches!(name, "app" | "app-harmony" | "web") || name.starts_with("mp-") || name.starts_with("quickapp-")
}
