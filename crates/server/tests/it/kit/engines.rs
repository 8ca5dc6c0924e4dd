//! Every behaviour is tested on SQLite and on PostgreSQL.

use super::{Mode, Outcome, TestApp, TestAppBuilder};

/// Development mode as the test kit has it.
pub fn development(builder: TestAppBuilder) -> TestAppBuilder {
    builder
}

/// Production mode as the test kit has it.
pub fn production(builder: TestAppBuilder) -> TestAppBuilder {
    builder.mode(Mode::Production)
}

/// Starts a program, lets a test use it, and ends it.
pub async fn with_app(builder: TestAppBuilder, test: impl AsyncFnOnce(&TestApp) -> Outcome) -> Outcome {
    let app = builder.start().await?;
    test(&app).await?;
    app.stop().await
}

/// A second program on the same database, with the configuration that the builder has.
pub async fn beside(app: &TestApp, builder: TestAppBuilder) -> anyhow::Result<TestApp> {
    builder.database(app.database().shared()).clock(app.clock.clone()).random(lingpai_testkit::random::SeededRandom::new(2)).start().await
}

/// Makes two tests of each function `async fn(&TestApp) -> Outcome`: `setup` says what the program is like.
macro_rules! both_engines {
    ($setup:ident: $($name:ident),+ $(,)?) => {$(
        mod $name {
            use lingpai_testkit::{Engine, TestApp};

            #[allow(unused_imports, reason = "the set-up may be the file's own")]
            use crate::kit::engines::{development, production};
            #[allow(unused_imports, reason = "the set-up may be one of all")]
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() -> crate::kit::Outcome {
                crate::kit::engines::with_app($setup(TestApp::builder().engine(Engine::Sqlite)), super::$name).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() -> crate::kit::Outcome {
                crate::kit::engines::with_app($setup(TestApp::builder().engine(Engine::Postgres)), super::$name).await
            }
        }
    )+};
}

/// Makes two tests of each function `async fn(Engine) -> Outcome`, which starts its programs itself.
macro_rules! each_engine {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use lingpai_testkit::Engine;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() -> crate::kit::Outcome {
                super::$name(Engine::Sqlite).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() -> crate::kit::Outcome {
                super::$name(Engine::Postgres).await
            }
        }
    )+};
}
