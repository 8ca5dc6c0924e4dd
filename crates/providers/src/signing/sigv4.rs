//! AWS Signature Version 4, as object storage (S3 and what is compatible with it) checks it: in a header,
//! and in the query of an address that is good for a while.

use lingpai_domain::{random::to_hex, secret::Secret};

use super::{
    date::{compact_day_utc, compact_utc},
    hmac_sha256, percent_encoded, sha256_hex,
};

/// In place of a digest where the signature does not cover the body.
pub const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who signs, and for what.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The access key's id.
    pub key_id: String,
    /// The access key.
    pub key: Secret,
    /// The region, as `us-east-1`.
    pub region: String,
}

/// A request to be signed.
#[derive(Clone, Copy, Debug)]
pub struct SigV4Request<'a> {
    /// `GET`, say.
    pub method: &'a str,
    /// The path in the clear, with a slash in front; [`encoded_path`] is what is sent.
    pub path: &'a str,
    /// Pairs of the query in the clear.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers in lower case, `host` and `x-amz-*` included. All of them are signed.
    pub headers: &'a [(&'a str, &'a str)],
    /// Lower-case hex of the body's SHA-256, or [`UNSIGNED`].
    pub payload: &'a str,
    /// Now, in seconds since the Unix epoch; also sent as `x-amz-date` ([`compact_utc`]).
    pub seconds: i64,
}

/// A path with everything encoded but slashes.
pub fn encoded_path(path: &str) -> String {
    path.split('/').map(percent_encoded).collect::<Vec<_>>().join("/")
}

impl Signer {
    /// The header `authorization`.
    pub fn authorization(&self, request: &SigV4Request<'_>) -> String {
        let scope = self.scope(request.seconds);
        let (names, signature) = self.sign(request, &scope);
        format!("{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={signature}", self.key_id)
    }

    /// The query of an address that may be opened for some seconds, the pairs of `request` included.
    pub fn presigned_query(&self, request: &SigV4Request<'_>, valid_for_s: u32) -> String {
        let scope = self.scope(request.seconds);
        let (credential, date) = (format!("{}/{scope}", self.key_id), compact_utc(request.seconds));
        let (valid_for, names) = (valid_for_s.to_string(), signed_names(request.headers));
        let mut query = vec![
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &date),
            ("X-Amz-Expires", &valid_for),
            ("X-Amz-SignedHeaders", &names),
        ];
        query.extend_from_slice(request.query);
        let (_, signature) = self.sign(&SigV4Request { query: &query, payload: UNSIGNED, ..*request }, &scope);
        format!("{}&X-Amz-Signature={signature}", canonical_query(&query))
    }

    fn scope(&self, seconds: i64) -> String {
        format!("{}/{}/s3/aws4_request", compact_day_utc(seconds), self.region)
    }

    /// The names of the signed headers, and the signature.
    fn sign(&self, request: &SigV4Request<'_>, scope: &str) -> (String, String) {
        let mut headers = request.headers.to_vec();
        headers.sort_unstable();
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let names = signed_names(request.headers);
        let canonical = format!(
            "{}\n{}\n{}\n{lines}\n{names}\n{}",
            request.method,
            encoded_path(request.path),
            canonical_query(request.query),
            request.payload
        );
        let to_sign = format!("{ALGORITHM}\n{}\n{scope}\n{}", compact_utc(request.seconds), sha256_hex(canonical.as_bytes()));
        let first = Secret::new(format!("AWS4{}", self.key.expose()));
        let key = scope.split('/').fold(first.expose().as_bytes().to_vec(), |key, part| hmac_sha256(&key, part.as_bytes()).to_vec());
        (names, to_hex(&hmac_sha256(&key, to_sign.as_bytes())))
    }
}

fn signed_names(headers: &[(&str, &str)]) -> String {
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.join(";")
}

fn canonical_query(pairs: &[(&str, &str)]) -> String {
    let mut pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", percent_encoded(name), percent_encoded(value))).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of AWS's documentation ("Signature calculations for the Authorization header", "Authenticating
    /// requests: using query parameters"): its example key, 2013-05-24T00:00:00Z.
    fn signer() -> Signer {
        let key = concat!("wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY");
        Signer { key_id: concat!("AKIA", "IOSFODNN7EXAMPLE").into(), key: Secret::new(key), region: "us-east-1".into() }
    }

    const SECONDS: i64 = 1_369_353_600;
    const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
    const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_published_vectors_are_reproduced() {
        let empty = ("x-amz-content-sha256", EMPTY);
        let written = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        let of_a_put = [
            HOST,
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("x-amz-content-sha256", written),
            DATE,
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        type Vector<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a str, &'a str);
        let vectors: [Vector<'_>; 4] = [
            (
                "GET",
                "/test.txt",
                &[],
                &[HOST, ("range", "bytes=0-9"), empty, DATE],
                EMPTY,
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            ("PUT", "/test$file.text", &[], &of_a_put, written, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
            (
                "GET",
                "/",
                &[("lifecycle", "")],
                &[HOST, empty, DATE],
                EMPTY,
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                "GET",
                "/",
                &[("max-keys", "2"), ("prefix", "J")],
                &[HOST, empty, DATE],
                EMPTY,
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ];
        for (method, path, query, headers, payload, signature) in vectors {
            let authorization = signer().authorization(&SigV4Request { method, path, query, headers, payload, seconds: SECONDS });
            assert!(authorization.ends_with(&format!("Signature={signature}")), "{method} {path}: {authorization}");
            assert!(authorization.contains("/20130524/us-east-1/s3/aws4_request,SignedHeaders="));
        }
    }

    #[test]
    fn the_published_address_is_reproduced() {
        let request = SigV4Request { method: "GET", path: "/test.txt", query: &[], headers: &[HOST], payload: UNSIGNED, seconds: SECONDS };
        let query = signer().presigned_query(&request, 86_400);
        assert!(query.ends_with("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"), "{query}");
        assert!(query.contains("%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"), "{query}");
    }
}
