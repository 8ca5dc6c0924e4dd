//! The scripts of a uniCloud project (`uni-config-center/uni-id/*.js`), run as they stand there.
//!
//! [`Hooks`] loads a folder and runs `custom-token.js`, `custom-password.js`, `hooks/index.js`,
//! `lang/index.js` and `validator.js` in embedded QuickJS engines on threads of their own. Each
//! script file has its own runtime, with limits of memory, stack, time and size of results; a
//! runtime that hit a limit is replaced. Scripts see no files outside of their folder, no network
//! unless granted ([`HttpAccess`]) and no environment variables that are not listed.

mod builtin;
mod engine;
mod error;
mod event;
mod folder;
mod hooks;
mod http;
mod json;
mod options;
mod parameters;
mod pool;
mod resolve;
mod texts;
mod type_expression;
mod validation;

pub use error::{HookError, Problem};
pub use event::Event;
pub use hooks::{EncryptedPassword, Hooks};
pub use http::{Exchange, HttpAccess, HttpFetch, HttpRequest, HttpResponse};
pub use options::Options;
pub use parameters::{DescribedParameter, DescribedParameters};
pub use texts::Texts;
pub use type_expression::TypeExpression;
