//! Alibaba Cloud's signature V3 (ACS3-HMAC-SHA256), for APIs of the RPC style: everything in the
//! query of a POST without a body, as the official SDKs send it.

use lingpai_domain::{random::to_hex, secret::Secret};

use super::{hmac_sha256, percent_encoded, sha256_hex};

/// A request to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Acs3Request<'a> {
    /// The host, without scheme.
    pub host: &'a str,
    /// `SendSms`, say.
    pub action: &'a str,
    /// The version of the API, as `2017-05-25`.
    pub version: &'a str,
    /// The parameters, in any order.
    pub params: &'a [(&'a str, &'a str)],
    /// The time, as [`super::date::iso_utc`] writes it.
    pub date: &'a str,
    /// Never used before.
    pub nonce: &'a str,
}

/// A signed request.
#[derive(Clone, Debug)]
pub struct Acs3Signed {
    /// The query, ready to be sent.
    pub query: String,
    /// The headers besides `host`.
    pub headers: Vec<(&'static str, String)>,
}

/// Signs a request.
pub fn sign(request: &Acs3Request<'_>, access_key_id: &str, access_key_secret: &Secret) -> Acs3Signed {
    const SIGNED: &str = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let query = canonical_query(request.params);
    let body_hash = sha256_hex(b"");
    let Acs3Request { host, action, version, date, nonce, .. } = request;
    let headers = format!(
        "host:{host}\nx-acs-action:{action}\nx-acs-content-sha256:{body_hash}\nx-acs-date:{date}\n\
         x-acs-signature-nonce:{nonce}\nx-acs-version:{version}\n"
    );
    let canonical = format!("POST\n/\n{query}\n{headers}\n{SIGNED}\n{body_hash}");
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", sha256_hex(canonical.as_bytes()));
    let signature = to_hex(&hmac_sha256(access_key_secret.expose().as_bytes(), to_sign.as_bytes()));
    let authorization = format!("ACS3-HMAC-SHA256 Credential={access_key_id},SignedHeaders={SIGNED},Signature={signature}");
    Acs3Signed {
        query,
        headers: vec![
            ("authorization", authorization),
            ("x-acs-action", (*action).to_owned()),
            ("x-acs-content-sha256", body_hash),
            ("x-acs-date", (*date).to_owned()),
            ("x-acs-signature-nonce", (*nonce).to_owned()),
            ("x-acs-version", (*version).to_owned()),
        ],
    }
}

fn canonical_query(params: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(String, String)> = params.iter().map(|(name, value)| (percent_encoded(name), percent_encoded(value))).collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of Alibaba Cloud's documentation ("V3 request structure and signature").
    #[test]
    fn the_published_vector_is_reproduced() {
        let request = Acs3Request {
            host: "ecs.cn-shanghai.aliyuncs.com",
            action: "RunInstances",
            version: "2014-05-26",
            params: &[("RegionId", "cn-shanghai"), ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd")],
            date: "2023-10-26T10:22:32Z",
            nonce: "3156853299f313e23d1673dc12e1703d",
        };
        let signed = sign(&request, "YourAccessKeyId", &Secret::new("YourAccessKeySecret"));
        assert_eq!(
            signed.headers[0].1,
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;\
             x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
        assert_eq!(signed.query, "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai");
    }

    #[test]
    fn parameters_are_encoded_and_sorted() {
        assert_eq!(canonical_query(&[("b", "x y*~/中"), ("a.b", "1")]), "a.b=1&b=x%20y%2A~%2F%E4%B8%AD");
    }
}
