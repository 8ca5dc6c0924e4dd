//! `console` of the scripts: lines in the server's log.

use std::rc::Rc;

use rquickjs::{Ctx, Function, Object};

use crate::engine::Surroundings;

/// How many lines one call may log.
const MAX_LINES: u32 = 100;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, around: &Rc<Surroundings>) -> rquickjs::Result<()> {
    let around = around.clone();
    let log = move |level: String, text: String| {
        let line = around.lines.get();
        around.lines.set(line.saturating_add(1));
        if line >= MAX_LINES {
            if line == MAX_LINES {
                tracing::warn!(target: "lingpai::hooks", file = around.file, "further lines of this call are left out");
            }
            return;
        }
        // A script's text cannot forge lines or move the terminal's cursor.
        let text: String = text.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect();
        match level.as_str() {
            "error" => tracing::error!(target: "lingpai::hooks", file = around.file, "{text}"),
            "warn" => tracing::warn!(target: "lingpai::hooks", file = around.file, "{text}"),
            "debug" => tracing::debug!(target: "lingpai::hooks", file = around.file, "{text}"),
            _ => tracing::info!(target: "lingpai::hooks", file = around.file, "{text}"),
        }
    };
    native.set("log", Function::new(ctx.clone(), log)?)
}
