//! The reader of `uni-id/config.json`: any text is read or refused, completely and without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lingpai_server::config::center::parse_uni_id;

fuzz_target!(|text: &str| {
    let (applications, notices, problems) = parse_uni_id(text);
    for app in ["__UNI__A", "*", ""] {
        for platform in ["web", "app-plus", "mp-weixin", "service", ""] {
            let _ = applications.app(app, platform);
        }
    }
    for line in notices.iter().map(ToString::to_string).chain(problems.iter().map(ToString::to_string)) {
        assert!(!line.is_empty());
    }
});
