//! Tencent Cloud's signature V3 (TC3-HMAC-SHA256), for JSON posted to `/`.

use lingpai_domain::{random::to_hex, secret::Secret};

use super::{date::day_utc, hmac_sha256, sha256_hex};

/// The only content type that is signed here.
pub const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// A request to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Tc3Request<'a> {
    /// The host, without scheme.
    pub host: &'a str,
    /// The product, as `sms`.
    pub service: &'a str,
    /// `SendSms`, say.
    pub action: &'a str,
    /// The JSON, byte for byte as it is sent.
    pub body: &'a [u8],
    /// Now, in seconds since the Unix epoch; also sent as `x-tc-timestamp`.
    pub seconds: i64,
}

/// The header `authorization`.
pub fn authorization(request: &Tc3Request<'_>, secret_id: &str, secret_key: &Secret) -> String {
    const SIGNED: &str = "content-type;host;x-tc-action";
    let Tc3Request { host, service, action, body, seconds } = request;
    let canonical = format!(
        "POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\nx-tc-action:{}\n\n{SIGNED}\n{}",
        action.to_lowercase(),
        sha256_hex(body)
    );
    let day = day_utc(*seconds);
    let scope = format!("{day}/{service}/tc3_request");
    let to_sign = format!("TC3-HMAC-SHA256\n{seconds}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
    let key = Secret::new(format!("TC3{}", secret_key.expose()));
    let key = [day.as_str(), service, "tc3_request"]
        .iter()
        .fold(key.expose().as_bytes().to_vec(), |key, part| hmac_sha256(&key, part.as_bytes()).to_vec());
    let signature = to_hex(&hmac_sha256(&key, to_sign.as_bytes()));
    format!("TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={SIGNED}, Signature={signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of Tencent Cloud's documentation ("Signature v3"), whose keys are asterisks.
    #[test]
    fn the_published_vector_is_reproduced() {
        let request = Tc3Request {
            host: "cvm.tencentcloudapi.com",
            service: "cvm",
            action: "DescribeInstances",
            body: br#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#,
            seconds: 1_551_113_065,
        };
        assert_eq!(
            authorization(&request, "AKID********************************", &Secret::new("********************************")),
            "TC3-HMAC-SHA256 Credential=AKID********************************/2019-02-25/cvm/tc3_request, \
             SignedHeaders=content-type;host;x-tc-action, \
             Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
        );
    }
}
