//! Builds the server anew when the hosted pages that it embeds were built anew, or the host of cloud functions changed. Nothing else here
//! notices files that appear or go away; where there is no build yet its parent is watched.

use std::path::Path;

fn main() {
    let built = Path::new("../../web/pages/dist/build/h5/index.html");
    let watched = if built.exists() { built } else { Path::new("../../web/pages") };
    println!("cargo:rerun-if-changed={}", watched.display());
    println!("cargo:rerun-if-changed=../../sdk/functions/src");
}
