//! The recordings' form, as read from their files.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

/// One file of recordings.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The file's name without its folder.
    pub file: String,
    /// Its scenarios.
    pub scenarios: Vec<Scenario>,
}

/// Calls that follow each other on one database.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, unique within the file.
    pub name: String,
    /// The folder below `configs/` in the layout of `uni-config-center`.
    pub config: String,
    /// What the database holds at the beginning: collection to documents.
    pub seed: Vec<(String, Vec<Map<String, Value>>)>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// A call, with its recorded answer and writes.
    Call(Box<Call>),
    /// Something that the test's hand does.
    Operation(Box<Operation>),
}

/// Placeholders and what they stand for, by name (`$token1`).
pub type Binds = BTreeMap<String, Bind>;

/// What a placeholder stands for.
#[derive(Clone, Debug, Deserialize)]
pub struct Bind {
    /// In words: `jwt`, `jwt made by the client`, `generated _id` ...
    #[serde(default)]
    pub kind: String,
    /// Of a generated `_id`: where the document is.
    pub collection: Option<String>,
    /// Of a JWT.
    pub header: Option<Map<String, Value>>,
    /// Of a JWT; may hold placeholders.
    pub payload: Option<Map<String, Value>>,
    /// Of a JWT made by the client: the very text.
    pub raw: Option<String>,
    /// Of a JWT made by the client: how to sign it.
    pub recipe: Option<Recipe>,
    /// Of a captcha: which row it is in, above all its `scene`.
    #[serde(rename = "where")]
    pub row: Option<Map<String, Value>>,
    /// Of an invitation code: its characters, as a class of a regular expression.
    pub alphabet: Option<String>,
    /// Of an invitation code: its length.
    pub length: Option<usize>,
}

impl Bind {
    /// Whether the test makes the value (and sends it) instead of learning it from an answer.
    pub fn is_made_by_client(&self) -> bool {
        self.kind.contains("made by the client")
    }

    /// Whether it is a JWT of whomever's making.
    pub fn is_jwt(&self) -> bool {
        self.payload.is_some()
    }
}

/// How a client's JWT is signed.
#[derive(Clone, Debug, Deserialize)]
pub struct Recipe {
    /// The secret of HMAC-SHA256, whatever the JWT's header says.
    pub secret: Option<String>,
}

/// A recorded call.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// The method's wire name.
    pub method: String,
    /// `client`: by the uniCloud client protocol; else by the URL form.
    pub source: Option<String>,
    /// Another HTTP method than POST.
    pub http_method: Option<String>,
    /// Goes behind the method in the URL.
    #[serde(default)]
    pub path_suffix: String,
    /// Whether the clock stands still before this step.
    #[serde(default)]
    pub same_second: bool,
    /// The original crashed: any clear error will do.
    #[serde(default)]
    pub uncaught: bool,
    /// The request's headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The request's body: `{"$raw": text}` is sent literally.
    #[serde(default)]
    pub body: Value,
    /// The recorded answer.
    pub response: Response,
    /// The recorded writes: collection to operations.
    #[serde(default)]
    pub db_after: Map<String, Value>,
    /// Placeholders that are new in this step.
    #[serde(default)]
    pub bind: Binds,
    /// For readers.
    #[serde(default)]
    pub name: String,
    /// For readers.
    #[serde(default)]
    pub notes: Option<Value>,
    /// Fields that this program does not know.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

impl Call {
    /// Whether it comes by the uniCloud client protocol.
    pub fn by_client(&self) -> bool {
        self.source.as_deref() == Some("client")
    }

    /// The function that the method belongs to.
    pub fn function(&self) -> &'static str {
        if self.method == "getImageCaptcha" { "uni-captcha-co" } else { "uni-id-co" }
    }

    /// A text of the body's `clientInfo`.
    pub fn client_info(&self, field: &str) -> Option<&str> {
        self.body.get("clientInfo")?.get(field)?.as_str()
    }
}

/// A recorded answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

/// What the test's hand does between calls.
#[derive(Clone, Debug, Deserialize)]
pub struct Operation {
    /// `advanceTime`, `dbInsert`, `dbUpdate`, `dbRemove`, `setFrvState`, `expectOutbox`,
    /// `expectProviderRequests`.
    pub op: String,
    /// Of `advanceTime`: milliseconds.
    pub ms: Option<i64>,
    /// Of the `db` operations.
    pub collection: Option<String>,
    /// Of `dbInsert`.
    #[serde(default)]
    pub docs: Vec<Map<String, Value>>,
    /// Of `dbUpdate` and `dbRemove`: fields that must be equal; dotted paths are allowed.
    #[serde(default, rename = "where")]
    pub filter: Map<String, Value>,
    /// Of `dbUpdate`: fields and their new values; dotted paths are allowed.
    #[serde(default)]
    pub set: Map<String, Value>,
    /// Of the expectations.
    #[serde(default)]
    pub items: Vec<Value>,
    /// Of `setFrvState`.
    #[serde(rename = "certifyId")]
    pub certify_id: Option<String>,
    /// Of `setFrvState`.
    #[serde(rename = "authState")]
    pub auth_state: Option<String>,
    /// Placeholders that are new in this step.
    #[serde(default)]
    pub bind: Binds,
}

impl Step {
    fn parse(value: Value) -> Result<Self> {
        if value.get("method").is_some() {
            Ok(Step::Call(Box::new(serde_json::from_value(value)?)))
        } else if value.get("op").is_some() {
            Ok(Step::Operation(Box::new(serde_json::from_value(value)?)))
        } else {
            bail!("it has neither `method` nor `op`")
        }
    }

    /// Placeholders that are new in this step.
    pub fn binds(&self) -> &Binds {
        match self {
            Step::Call(call) => &call.bind,
            Step::Operation(operation) => &operation.bind,
        }
    }
}

impl Scenario {
    /// Reads a scenario.
    pub fn parse(value: &Value) -> Result<Self> {
        #[derive(Deserialize)]
        struct Raw {
            scenario: String,
            config: String,
            #[serde(default)]
            seed: Map<String, Value>,
            steps: Vec<Value>,
        }
        let raw = Raw::deserialize(value).context("a scenario")?;
        let seed = raw.seed.into_iter().map(|(collection, docs)| Ok((collection, serde_json::from_value(docs)?))).collect::<Result<_>>();
        let steps = raw.steps.into_iter().enumerate().map(|(at, step)| Step::parse(step).with_context(|| format!("step {at}")));
        Ok(Self {
            seed: seed.with_context(|| format!("the seed of {:?}", raw.scenario))?,
            steps: steps.collect::<Result<_>>().with_context(|| format!("scenario {:?}", raw.scenario))?,
            name: raw.scenario,
            config: raw.config,
        })
    }

    /// All placeholders of the scenario.
    pub fn binds(&self) -> Binds {
        self.steps.iter().flat_map(|step| step.binds().clone()).collect()
    }
}

impl Recording {
    /// Reads the recordings of a folder: every `*.json` that has scenarios, in the order of names.
    ///
    /// # Errors
    /// If the folder or a file cannot be read or has another form.
    pub fn read_folder(folder: &Path) -> Result<Vec<Self>> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .with_context(|| folder.display().to_string())?
            .collect::<std::io::Result<Vec<_>>>()?
            .into_iter()
            .map(|e| e.path())
            .collect();
        files.retain(|path| path.extension().is_some_and(|ext| ext == "json"));
        files.sort();
        let mut recordings = Vec::new();
        for path in files {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let value: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
            // Keys and lists of deviations lie beside the recordings.
            let Some(scenarios) = value.get("scenarios").and_then(Value::as_array) else { continue };
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let scenarios = scenarios.iter().map(Scenario::parse).collect::<Result<_>>().with_context(|| file.clone())?;
            recordings.push(Self { file, scenarios });
        }
        Ok(recordings)
    }
}
