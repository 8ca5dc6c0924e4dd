//! Files: `serverless.file.resource.*` of the client protocol, the address to upload to, and the
//! addresses at which files are served.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Path, State as Extract},
    http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header},
};
use lingpai_domain::{
    client::{Client, Source},
    client_info::ClientInfo,
    error::{Code, Error},
    store::{FileAdded, FileQuota, FileRecord},
};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::{body, client::Failure, cors, peer, reply};
use crate::{
    call::Call,
    files::{
        Policy,
        content::{self, Kind},
        id_in, is_cloud_path, is_id, policy, shown_name,
    },
    pipeline::{self, Bucket, client_info},
    secure_network::Secured,
    state::State,
    words::{Locale, Words},
};

/// What the methods of files begin with.
pub const METHODS: &str = "serverless.file.resource.";
/// Most files of one call.
const MOST_FILES: usize = 50;
/// Longest field of an upload's form, bytes.
const LONGEST_FIELD: usize = 8 * 1024;

fn refused(status: StatusCode, code: &'static str, key: &'static str, args: &[(&str, &str)], locale: Locale) -> Failure {
    Failure(status, code.to_owned(), Words::built_in().fill(locale, key, args))
}

/// Answers a method of files. `is_authorised`: the client has an anonymous authorisation, as those of `aliyun` have. They
/// say nothing of themselves nor of who is logged in, except to functions.
pub async fn answer(
    state: &State,
    call: Call,
    headers: &HeaderMap,
    is_authorised: bool,
    method: &str,
    params: &Map<String, Value>,
) -> Result<Value, Failure> {
    let locale = call.locale();
    if !state.settings.storage.enabled {
        return Err(refused(StatusCode::NOT_FOUND, "FILE_DISABLED", "file-disabled", &[], locale));
    }
    let failed = |error: &Error| Failure::new(StatusCode::BAD_REQUEST, error, locale);
    let client = match client_info::check(&call) {
        Err(_) if is_authorised && !call.client_info.was_sent() => silent(&call),
        checked => checked.map_err(|error| failed(&error))?,
    };
    pipeline::limits::check(state, Bucket::General, &client).map_err(|error| failed(&error))?;
    let asking = Asking { state, headers, client: &client, call: &call, locale };
    match method {
        "generateProximalSign" if is_authorised => asking.sign_as_oss(params).await,
        "generateProximalSign" => asking.sign(params).await,
        // Uploads report themselves; the client only wants to hear that it may go on.
        "report" => Ok(json!({})),
        "getTempFileURL" => asking.addresses(params),
        "info" => asking.info(params),
        "delete" => asking.delete(params).await,
        other => {
            let name = format!("{METHODS}{}", other.chars().take(40).collect::<String>());
            Err(failed(&Error::new(Code::MethodNotFound).with("function", "client").with("method", name)))
        }
    }
}

/// A client that says nothing of itself.
fn silent(call: &Call) -> Client {
    Client {
        app_id: String::new(),
        platform: "web".to_owned(),
        device_id: None,
        os_name: None,
        app_name: None,
        app_version: None,
        app_version_code: None,
        channel: None,
        ip: call.ip.clone(),
        user_agent: call.user_agent.clone(),
        source: call.source,
    }
}

struct Asking<'a> {
    state: &'a State,
    headers: &'a HeaderMap,
    client: &'a Client,
    call: &'a Call,
    locale: Locale,
}

impl Asking<'_> {
    fn failed(&self, error: &Error) -> Failure {
        Failure::new(StatusCode::BAD_REQUEST, error, self.locale)
    }

    /// The caller; `None`: not logged in. A token that does not hold is no token.
    async fn caller(&self) -> Result<Option<(String, bool)>, Failure> {
        match pipeline::clientdb::caller_of(self.state, self.call, self.client).await {
            Ok(caller) => Ok(caller),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn sign(&self, params: &Map<String, Value>) -> Result<Value, Failure> {
        let path = params.get("cloudPath").and_then(Value::as_str).unwrap_or_default();
        let policy = self.policy("cloudPath", path).await?;
        let (text, signature) = policy.seal(self.state.files.key());
        let origin = origin(self.state, self.headers);
        Ok(json!({
            "url": format!("{origin}/storage"),
            "formData": {"policy": text, "signature": signature},
            "name": "file",
            "fileUrl": format!("{origin}/storage/{}", place(&policy)),
        }))
    }

    /// As clients of `aliyun` want it, which put `https://` in front of `host` and `cdnDomain` by themselves.
    async fn sign_as_oss(&self, params: &Map<String, Value>) -> Result<Value, Failure> {
        let text = |name: &str| params.get(name).and_then(Value::as_str);
        let (name, path) = text("fileId").map_or(("filename", text("filename")), |path| ("fileId", Some(path)));
        let policy = self.policy(name, path.unwrap_or_default()).await?;
        let (text, signature) = policy.seal(self.state.files.key());
        let origin = origin(self.state, self.headers);
        let host = origin.split_once("://").map_or(&*origin, |(_, host)| host);
        Ok(json!({
            "id": policy.id,
            "host": format!("{host}/storage"),
            "cdnDomain": host,
            "ossPath": format!("storage/{}", place(&policy)),
            "accessKeyId": "lingpai",
            "policy": text,
            "signature": signature,
        }))
    }

    /// The permission to upload a file, if this one may be uploaded. `param` is where its path was.
    async fn policy(&self, param: &'static str, path: &str) -> Result<Policy, Failure> {
        if !is_cloud_path(path) {
            return Err(self.failed(&Error::new(Code::InvalidParam).with("param", param)));
        }
        if !content::is_accepted(path) {
            return Err(refused(StatusCode::BAD_REQUEST, "FILE_KIND", "file-kind", &[], self.locale));
        }
        let owner = self.caller().await?.map(|(uid, _)| uid);
        if owner.is_none() && !self.state.settings.storage.anonymous_uploads {
            return Err(self.failed(&Code::CheckTokenFailed.into()));
        }
        let base = &self.state.base;
        Ok(Policy {
            id: base.random.hex(16),
            owner,
            app: self.client.app_id.clone(),
            cloud_path: path.to_owned(),
            expires: base.clock.now_ms() + policy::VALID_FOR_MS,
        })
    }

    fn list<'p>(&self, params: &'p Map<String, Value>) -> Result<Vec<&'p str>, Failure> {
        let wrong = || self.failed(&Error::new(Code::InvalidParam).with("param", "fileList"));
        let files = params.get("fileList").and_then(Value::as_array).filter(|files| files.len() <= MOST_FILES).ok_or_else(wrong)?;
        files.iter().map(|file| file.as_str().or_else(|| file.get("fileID")?.as_str()).ok_or_else(wrong)).collect()
    }

    /// Addresses do not end here: a file's own is the answer, and there is none for files of other clouds.
    fn addresses(&self, params: &Map<String, Value>) -> Result<Value, Failure> {
        let answers =
            self.list(params)?.into_iter().map(|file| json!({"fileID": file, "tempFileURL": if is_address(file) { file } else { "" }}));
        Ok(json!({"fileList": answers.collect::<Vec<_>>()}))
    }

    /// The same for clients of `aliyun`, which ask for addresses by several ids in one text.
    fn info(&self, params: &Map<String, Value>) -> Result<Value, Failure> {
        let wrong = || self.failed(&Error::new(Code::InvalidParam).with("param", "id"));
        let ids: Vec<&str> = params.get("id").and_then(Value::as_str).ok_or_else(wrong)?.split(',').collect();
        if ids.len() > MOST_FILES {
            return Err(wrong());
        }
        Ok(ids.into_iter().map(|id| json!({ "url": if is_address(id) { id } else { "" } })).collect())
    }

    async fn delete(&self, params: &Map<String, Value>) -> Result<Value, Failure> {
        let files = self.list(params)?;
        let Some((uid, is_admin)) = self.caller().await? else { return Err(self.failed(&Code::CheckTokenFailed.into())) };
        let mut answers = Vec::with_capacity(files.len());
        for file in files {
            let removed = match id_in(file) {
                Some(id) => self.remove(id, (!is_admin).then_some(uid.as_str())).await?,
                None => false,
            };
            // Whether a file is somebody else's or nobody's is not told.
            let (code, status) = if removed { ("SUCCESS", 0) } else { ("FILE_NOT_FOUND", -1) };
            answers.push(json!({"fileID": file, "code": code, "status": status}));
        }
        Ok(json!({"fileList": answers}))
    }

    /// The bytes go first: as long as they are there, so is what is noted of them, and it can be tried again.
    async fn remove(&self, id: &str, owner: Option<&str>) -> Result<bool, Failure> {
        let store = &self.state.base.store;
        let file = store.file(id).await.map_err(|error| self.failed(&error.into()))?;
        if file.is_none_or(|file| owner.is_some() && file.owner.as_deref() != owner) {
            return Ok(false);
        }
        if let Err(error) = self.state.files.remove(id).await {
            tracing::error!(request_id = self.call.request_id, %error, "a file could not be removed");
            return Err(refused(StatusCode::BAD_GATEWAY, "FILE_STORAGE", "file-storage", &[], self.locale));
        }
        store.remove_file(id, owner).await.map_err(|error| self.failed(&error.into()))
    }
}

/// A file's place below `/storage/`.
fn place(policy: &Policy) -> String {
    format!("{}/{}", policy.id, encoded(&shown_name(&policy.cloud_path)))
}

fn is_address(file: &str) -> bool {
    file.starts_with("https://") || file.starts_with("http://")
}

/// How clients reach this server.
fn origin(state: &State, headers: &HeaderMap) -> String {
    if let Some(url) = &state.settings.storage.public_url {
        return url.clone();
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // What proxies say is only believed for the scheme, which no secret depends on.
    let scheme = if text("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    let fits = |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    format!("{scheme}://{}", text("host").filter(fits).map_or_else(|| state.settings.server.listen.to_string(), str::to_owned))
}

fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(byte as char),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// `POST /storage`: the policy first, then the file.
pub async fn upload(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response<Body> {
    let headers = request.headers().clone();
    if request.method() == Method::OPTIONS {
        return cors::preflight(&state.settings, &headers);
    }
    let request_id = state.base.random.hex(16);
    let locale = Locale::from_client(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()));
    let (parts, unread) = request.into_parts();
    let unread = Arc::new(Mutex::new(unread));
    let request = Request::from_parts(parts, Body::new(SharedBody(unread.clone())));
    let in_time =
        tokio::time::timeout(state.settings.server.request_timeout.max(UPLOAD_AT_LEAST), receive(&state, request, &request_id, locale));
    let outcome = in_time.await.unwrap_or_else(|_| Err(refused(StatusCode::REQUEST_TIMEOUT, "FILE_POLICY", "file-policy", &[], locale)));
    if outcome.is_err() {
        // A connection that is closed while its client is still sending is reset, and the client never
        // sees why.
        let rest = std::mem::replace(&mut *unread.lock(), Body::empty());
        let _ = tokio::time::timeout(state.settings.server.body_timeout, body::discard(rest)).await;
    }
    let (status, body) = match outcome {
        Ok(file) => (StatusCode::OK, json!({"success": true, "data": {"size": file.size, "mediaType": file.media_type}})),
        Err(Failure(status, code, message)) => (status, json!({"success": false, "error": {"code": code, "message": message}})),
    };
    let body = if let Value::Object(body) = body { body } else { Map::new() };
    reply::json(&state.settings, &headers, &request_id, status, &body)
}

/// A body that can be read on by somebody else.
struct SharedBody(Arc<Mutex<Body>>);

impl axum::body::HttpBody for SharedBody {
    type Data = bytes::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        std::pin::Pin::new(&mut *self.0.lock()).poll_frame(context)
    }
}

/// Uploads may take longer than other requests.
const UPLOAD_AT_LEAST: std::time::Duration = std::time::Duration::from_secs(120);

async fn receive(state: &State, request: Request<Body>, request_id: &str, locale: Locale) -> Result<FileRecord, Failure> {
    let no_policy = || refused(StatusCode::FORBIDDEN, "FILE_POLICY", "file-policy", &[], locale);
    let broken = || Failure::new(StatusCode::BAD_REQUEST, &Error::new(Code::InvalidParam).with("param", "body"), locale);
    if !state.settings.storage.enabled {
        return Err(refused(StatusCode::NOT_FOUND, "FILE_DISABLED", "file-disabled", &[], locale));
    }
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    let (mut text, mut signature) = (String::new(), String::new());
    while let Some(mut field) = form.next_field().await.map_err(|_| broken())? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != "file" {
            let mut value = Vec::new();
            while let Some(chunk) = field.chunk().await.map_err(|_| broken())? {
                value.extend_from_slice(&chunk);
                if value.len() > LONGEST_FIELD {
                    return Err(broken());
                }
            }
            let value = String::from_utf8(value).map_err(|_| broken())?;
            match name.as_str() {
                "policy" => text = value,
                // Clients of `aliyun` write it so.
                "signature" | "Signature" => signature = value,
                _ => {}
            }
            continue;
        }
        let policy = Policy::open(&text, &signature, state.files.key(), state.base.clock.now_ms()).ok_or_else(no_policy)?;
        let failed = |error: Error| {
            tracing::error!(request_id, ?error, "a file could not be stored");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, &error, locale)
        };
        let disk = |error: std::io::Error| failed(Error::internal(error));
        if state.base.store.file(&policy.id).await.map_err(|error| failed(error.into()))?.is_some() {
            return Err(no_policy());
        }
        let mut incoming = state.files.receive(request_id).await.map_err(disk)?;
        let (mut size, mut beginning) = (0_u64, Vec::with_capacity(content::BEGINNING));
        while let Some(chunk) = field.chunk().await.map_err(|_| broken())? {
            size += chunk.len() as u64;
            if size > state.settings.storage.file_limit_bytes {
                let limit = format!("{} MiB", state.settings.storage.file_limit_bytes / (1024 * 1024));
                return Err(refused(StatusCode::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE", "file-too-large", &[("limit", &limit)], locale));
            }
            let missing = content::BEGINNING.saturating_sub(beginning.len());
            beginning.extend_from_slice(&chunk[..chunk.len().min(missing)]);
            incoming.write(&chunk).await.map_err(disk)?;
        }
        let kind = content::kind(&beginning);
        if !content::fits_name(&policy.cloud_path, kind) {
            return Err(refused(StatusCode::BAD_REQUEST, "FILE_CONTENT", "file-content", &[], locale));
        }
        incoming.finish().await.map_err(disk)?;
        let file = FileRecord {
            id: policy.id,
            owner: policy.owner,
            app: policy.app,
            cloud_path: policy.cloud_path,
            size,
            media_type: kind.media_type.to_owned(),
            created_at: state.base.clock.now_ms(),
        };
        let storage = &state.settings.storage;
        let quota = FileQuota { per_owner: storage.user_quota_bytes, total: storage.total_quota_bytes };
        // Who is noted has won: of two uploads with one policy only one gets here with success.
        match state.base.store.add_file(&file, quota).await.map_err(|error| failed(error.into()))? {
            FileAdded::Done => {}
            FileAdded::Taken => return Err(no_policy()),
            FileAdded::OverQuota => {
                return Err(refused(StatusCode::INSUFFICIENT_STORAGE, "FILE_OVER_QUOTA", "file-over-quota", &[], locale));
            }
        }
        if let Err(error) = state.files.keep(incoming, &file.id, kind).await {
            let _ = state.base.store.remove_file(&file.id, None).await;
            tracing::error!(request_id, %error, "a file could not be kept");
            return Err(refused(StatusCode::BAD_GATEWAY, "FILE_STORAGE", "file-storage", &[], locale));
        }
        return Ok(file);
    }
    Err(broken())
}

/// `GET /storage/<id>/<name>`
pub async fn serve(
    Extract(state): Extract<Arc<State>>,
    Path((id, name)): Path<(String, String)>,
    request: Request<Body>,
) -> Response<Body> {
    let range = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let found = if is_id(&id) && matches!(*request.method(), Method::GET | Method::HEAD) {
        open(&state, &id, &name, range.as_deref(), *request.method() == Method::HEAD).await
    } else {
        Ok(None)
    };
    let failed = |status: StatusCode| {
        let mut response = Response::new(Body::from(format!("{}\n", status.as_u16())));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    };
    let mut response = match found {
        Ok(Some(response)) => response,
        Ok(None) => failed(StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::error!(file = id, ?error, "a file could not be served");
            failed(StatusCode::BAD_GATEWAY)
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        // Whatever the file is, a browser neither guesses its type nor runs anything in it.
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// For how long an address of the bucket is good, seconds; clients may remember it for a little less.
const ADDRESS_GOOD_FOR_S: u32 = 300;

async fn open(state: &State, id: &str, name: &str, range: Option<&str>, head: bool) -> Result<Option<Response<Body>>, Error> {
    let disposition = |kind: Kind| {
        let disposition = if kind.is_shown { "inline" } else { "attachment" };
        format!("{disposition}; filename*=UTF-8''{}", encoded(&shown_name(name)))
    };
    if state.files.keeper().redirects() {
        let Some(file) = state.base.store.file(id).await? else { return Ok(None) };
        let kind = content::named(&file.media_type);
        let address = state.files.keeper().address(id, kind, &disposition(kind), ADDRESS_GOOD_FOR_S);
        let Some(location) = address.and_then(|address| HeaderValue::from_str(&address).ok()) else { return Ok(None) };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::FOUND;
        response.headers_mut().insert(header::LOCATION, location);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=240"));
        return Ok(Some(response));
    }
    let Some(served) = state.files.open(id, range, head).await.map_err(Error::internal)? else { return Ok(None) };
    let mut response = Response::new(served.body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(served.kind.media_type));
    headers.insert(header::CONTENT_LENGTH, served.length.into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // A file never changes: another one has another id.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    if let Ok(value) = HeaderValue::from_str(&disposition(served.kind)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    if let Some(range) = served.range.and_then(|range| HeaderValue::from_str(&range).ok()) {
        headers.insert(header::CONTENT_RANGE, range);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(Some(response))
}

/// The call that a request of files is, for the checks that every call goes through.
pub fn call(
    headers: &HeaderMap,
    extensions: &axum::http::Extensions,
    state: &State,
    method: &str,
    request_id: &str,
    client_info: ClientInfo,
) -> Call {
    Call {
        function: "file".to_owned(),
        method: method.to_owned(),
        params: None,
        client_info,
        token: headers.get("x-client-token").and_then(|value| value.to_str().ok()).map(str::to_owned),
        source: Source::Client,
        ip: peer::client_ip(&state.settings, extensions.get(), headers).to_string(),
        user_agent: peer::user_agent(headers),
        request_id: request_id.to_owned(),
        secured: Secured::default(),
        signed: None,
    }
}
