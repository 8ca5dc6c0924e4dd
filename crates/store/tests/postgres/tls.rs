//! Encryption, when the URL asks for it.

use lingpai_domain::store::Store;
use lingpai_store::{OpenError, postgres::PostgresStore};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::{cluster::Cluster, options};

/// An authority, and a server's certificate and key, all in PEM.
struct Papers {
    authority: String,
    certificate: String,
    key: String,
}

fn papers() -> Papers {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().signed_by(&key, &authority).unwrap();
    Papers { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
}

#[tokio::test]
async fn the_servers_certificate_is_checked() {
    let (papers, others) = (papers(), papers());
    let mut cluster = Cluster::start("");
    cluster.stop();
    cluster.write_private("server.crt", &papers.certificate);
    cluster.write_private("server.key", &papers.key);
    // Nobody is let in without encryption.
    cluster.write_private("pg_hba.conf", "hostssl all all 127.0.0.1/32 trust\n");
    cluster.write_private("postgresql.auto.conf", "ssl = on\n");
    cluster.start_again();

    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (folder.path().join("right.pem"), folder.path().join("wrong.pem"));
    std::fs::write(&right, &papers.authority).unwrap();
    std::fs::write(&wrong, &others.authority).unwrap();

    let encrypted = |authority: &std::path::Path| format!("{}?sslmode=require&sslrootcert={}", cluster.url(), authority.display());
    let store = PostgresStore::open(&encrypted(&right), &options()).await.unwrap();
    store.check().await.unwrap();
    for url in [encrypted(&wrong), format!("{}?sslmode=require", cluster.url()), cluster.url()] {
        assert!(matches!(PostgresStore::open(&url, &options()).await, Err(OpenError::Store(_))), "{url}");
    }
}
