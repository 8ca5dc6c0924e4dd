//! What a file is, by its content: names and headers are the client's word.

/// What is looked at: the beginning of a file.
pub const BEGINNING: usize = 64;

/// Names of files that say that there is a picture inside.
const PICTURES: [&str; 7] = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "avif"];

/// Endings that are taken besides pictures; files without one as well.
const OTHERS: [&str; 29] = [
    "mp4", "m4v", "mov", "webm", "mp3", "m4a", "aac", "wav", "ogg", "amr", "silk", "pdf", "txt", "csv", "json", "md", "zip", "rar", "7z",
    "doc", "docx", "xls", "xlsx", "ppt", "pptx", "log", "heic", "pages", "key",
];

/// A kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The media type under which it is served.
    pub media_type: &'static str,
    /// Whether a browser may show it instead of saving it: pictures, sound and films, which run nothing.
    pub is_shown: bool,
}

const UNKNOWN: Kind = saved("application/octet-stream");

/// The kind of a file, by its beginning. What is not known is saved and never shown.
pub fn kind(beginning: &[u8]) -> Kind {
    let at = |offset: usize, bytes: &[u8]| beginning.get(offset..offset + bytes.len()) == Some(bytes);
    if at(0, b"\x89PNG\r\n\x1a\n") && at(12, b"IHDR") {
        shown("image/png")
    } else if at(0, b"\xff\xd8\xff") {
        shown("image/jpeg")
    } else if at(0, b"GIF87a") || at(0, b"GIF89a") {
        shown("image/gif")
    } else if at(0, b"RIFF") && at(8, b"WEBPVP8") {
        shown("image/webp")
    } else if at(0, b"BM") && at(6, &[0; 4]) {
        shown("image/bmp")
    } else if at(4, b"ftypavif") {
        shown("image/avif")
    } else if at(4, b"ftypM4A") {
        shown("audio/mp4")
    } else if at(4, b"ftyp") {
        shown("video/mp4")
    } else if at(0, b"\x1aE\xdf\xa3") {
        shown("video/webm")
    } else if at(0, b"ID3") || at(0, b"\xff\xfb") || at(0, b"\xff\xf3") {
        shown("audio/mpeg")
    } else if at(0, b"RIFF") && at(8, b"WAVE") {
        shown("audio/wav")
    } else if at(0, b"OggS") {
        shown("audio/ogg")
    } else if at(0, b"%PDF-") {
        saved("application/pdf")
    } else if at(0, b"PK\x03\x04") {
        saved("application/zip")
    } else {
        UNKNOWN
    }
}

/// Every kind that [`kind`] tells.
const KINDS: [Kind; 14] = [
    shown("image/png"),
    shown("image/jpeg"),
    shown("image/gif"),
    shown("image/webp"),
    shown("image/bmp"),
    shown("image/avif"),
    shown("audio/mp4"),
    shown("video/mp4"),
    shown("video/webm"),
    shown("audio/mpeg"),
    shown("audio/wav"),
    shown("audio/ogg"),
    saved("application/pdf"),
    saved("application/zip"),
];

const fn shown(media_type: &'static str) -> Kind {
    Kind { media_type, is_shown: true }
}

const fn saved(media_type: &'static str) -> Kind {
    Kind { media_type, is_shown: false }
}

/// The kind that was noted by its media type.
pub fn named(media_type: &str) -> Kind {
    KINDS.into_iter().find(|kind| kind.media_type == media_type).unwrap_or(UNKNOWN)
}

/// The ending of a name, in lower case.
pub fn ending(path: &str) -> Option<String> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).filter(|ending| !ending.is_empty())
}

/// Whether files of this name are taken at all.
pub fn is_accepted(path: &str) -> bool {
    ending(path).is_none_or(|ending| PICTURES.contains(&ending.as_str()) || OTHERS.contains(&ending.as_str()))
}

/// Whether the content is what the name says: what is called a picture must be one.
pub fn fits_name(path: &str, kind: Kind) -> bool {
    !ending(path).is_some_and(|ending| PICTURES.contains(&ending.as_str())) || kind.media_type.starts_with("image/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_the_kind() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        assert_eq!(kind(png).media_type, "image/png");
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 ").media_type, "image/webp");
        for harmful in [&b"<html><script>"[..], b"<svg xmlns=", b"<?xml", b"GIF8<script>", b"\x89PNG", b"#!/bin/sh", b""] {
            assert_eq!(kind(harmful), UNKNOWN);
        }
        assert!(!kind(b"%PDF-1.7").is_shown);
        assert_eq!(named("image/png"), kind(png));
        assert_eq!((named("text/html"), named("image/svg+xml"), named("")), (UNKNOWN, UNKNOWN, UNKNOWN));
    }

    #[test]
    fn pictures_must_be_pictures() {
        assert!(fits_name("a.png", kind(b"\xff\xd8\xff\xe0")));
        assert!(!fits_name("a.PNG", kind(b"<svg>")));
        assert!(fits_name("notes.txt", kind(b"<svg>")) && fits_name("avatar", kind(b"anything")));
        for name in ["a.html", "a.svg", "a.js", "a.xhtml", "a.png.exe", "a.php", "a.wasm"] {
            assert!(!is_accepted(name), "{name}");
        }
        for name in ["a.png", "a.JPG", "a", "x/y.mp4", "1760000000000"] {
            assert!(is_accepted(name), "{name}");
        }
    }
}
