//! Where the server is and how it is spoken to.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use percent_encoding::percent_decode_str;
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer, pki_types::pem::PemObject};
use tokio_postgres::{Client, Config, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::Failure;
use crate::{OpenError, Options};

/// A parsed URL.
pub struct Target {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

/// How long the client waits for an answer: longer than the server works on it, so that as a rule
/// the server's own limit strikes first and the connection stays usable.
pub fn patience(options: &Options) -> Duration {
    options.statement_timeout + Duration::from_secs(2)
}

impl Target {
    /// Reads a URL and adds what every session needs.
    ///
    /// # Errors
    /// [`OpenError::Url`], without the URL's text, which may hold a password.
    pub fn parse(url: &str, options: &Options) -> Result<Self, OpenError> {
        let (url, root_certificates) = take_tls_parameters(url);
        let mut config: Config = url.parse().map_err(|_| OpenError::Url("not a valid `postgres://` URL".into()))?;
        let limit = options.statement_timeout.as_millis();
        // Generic plans: every statement is a lookup by key, planning it anew would cost more than running it.
        // By index, always: a plan made while a table was small would go on reading all of it when it has grown.
        let session = format!(
            "-c statement_timeout={limit} -c idle_in_transaction_session_timeout={limit} -c plan_cache_mode=force_generic_plan \
             -c enable_seqscan=off -c jit=off"
        );
        config.options(config.get_options().map_or_else(|| session.clone(), |given| format!("{session} {given}")));
        if config.get_application_name().is_none() {
            config.application_name("lingpai");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.statement_timeout);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(patience(options));
        }
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(MakeRustlsConnect::new(tls_config(root_certificates.as_deref())?)),
            _ => None,
        };
        Ok(Self { config, tls })
    }

    /// A connection outside the pool, without the statements' time limit.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses.
    pub async fn connect(&self) -> Result<Client, Failure> {
        let mut config = self.config.clone();
        config.options(format!(
            "{} -c statement_timeout=0 -c idle_in_transaction_session_timeout=0",
            config.get_options().unwrap_or_default()
        ));
        match &self.tls {
            Some(tls) => {
                let (client, connection) = config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                Ok(client)
            }
            None => {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
        }
    }

    /// A pool of at most so many connections, opened as they are needed.
    ///
    /// # Errors
    /// If the pool cannot be made.
    pub fn pool(&self, options: &Options, connections: usize) -> Result<Pool, OpenError> {
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let config = self.config.clone();
        let manager = match &self.tls {
            Some(tls) => Manager::from_config(config, tls.clone(), manager_config),
            None => Manager::from_config(config, NoTls, manager_config),
        };
        let limit = Some(options.statement_timeout);
        Pool::builder(manager)
            .max_size(connections.max(1))
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: limit, create: limit, recycle: limit })
            .build()
            .map_err(|_| OpenError::Store(Failure::Internal("the pool of connections cannot be made").classify()))
    }
}

/// Takes out of a URL what tokio-postgres does not know: the file of `sslrootcert`, and libpq's
/// `sslmode=verify-full`, which is what `require` means here.
fn take_tls_parameters(url: &str) -> (String, Option<String>) {
    let Some((base, query)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let mut root_certificates = None;
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslrootcert", path)) => root_certificates = Some(percent_decode_str(path).decode_utf8_lossy().into_owned()),
            Some(("sslmode", "verify-full")) => kept.push("sslmode=require"),
            _ => kept.push(pair),
        }
    }
    let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    (url, root_certificates)
}

/// TLS that checks the server's certificate.
fn tls_config(root_certificates: Option<&str>) -> Result<ClientConfig, OpenError> {
    let mut roots = RootCertStore::empty();
    match root_certificates {
        Some(path) => {
            let unreadable = || OpenError::Url(format!("`sslrootcert`: {path} holds no certificates in PEM form"));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unreadable())? {
                roots.add(certificate.map_err(|_| unreadable())?).map_err(|_| unreadable())?;
            }
            if roots.is_empty() {
                return Err(unreadable());
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    // The provider is named, because the process-wide default may not be set, or be another one.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| OpenError::Url("TLS is not available".into()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use lingpai_domain::clock::Clock;

    use super::*;

    struct Stopped;

    impl Clock for Stopped {
        fn now_ms(&self) -> i64 {
            0
        }
    }

    fn parse(url: &str) -> Result<Target, OpenError> {
        Target::parse(url, &Options::new(Arc::new(Stopped)))
    }

    #[test]
    fn encryption_is_asked_for_by_the_url() {
        assert!(parse("postgres://a:b@localhost/c").unwrap().tls.is_none());
        assert!(parse("postgres://a:b@localhost/c?sslmode=require").unwrap().tls.is_some());
        assert!(parse("postgres://a:b@localhost/c?connect_timeout=3&sslmode=verify-full").unwrap().tls.is_some());
    }

    #[test]
    fn a_refused_url_is_not_repeated() {
        for url in [
            "postgres://name:hunter2@localhost:port/c",
            "postgres://name:hunter2@h/c?sslmode=hunter2",
            "postgres://name:hunter2@h/c?hunter2=1",
        ] {
            let message = parse(url).err().unwrap().to_string();
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn settings_of_the_url_come_last_and_win() {
        let target = parse("postgres://localhost/c?options=-c%20statement_timeout%3D7&application_name=mine").unwrap();
        assert!(target.config.get_options().unwrap().ends_with("-c statement_timeout=7"));
        assert_eq!(target.config.get_application_name(), Some("mine"));
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let url = format!("postgres://localhost/c?sslmode=require&sslrootcert={}", file.path().display());
        assert!(matches!(parse(&url), Err(OpenError::Url(_))));
    }
}
