//! The where language: texts like `_id == $env.uid && /^a/.test(nickname)`, in conditions of
//! requests, in lists of fields, and in permissions of schemas.

use serde_json::Value;

use super::{
    DEEPEST, MOST_PARTS, MOST_PATTERNS,
    expression::{Comparison, Expression, Matcher, Variable},
    functions::Function,
    lexer::{Kind, Token, tokens},
    path::Path,
    pattern::Pattern,
    refusal::{Refusal, Result},
    session::Session,
    value,
};

/// What a text is, which decides what its names mean.
#[derive(Clone, Copy)]
pub enum Dialect<'a> {
    /// A condition of a request or a computed field: names are fields, `$env` is the caller.
    Request(&'a Session),
    /// A permission: `doc.` is the document, `auth.` the caller.
    Permission,
}

/// Reads a condition of a request. Fields match as MongoDB matches them.
pub fn condition(text: &str, session: &Session) -> Result<Expression> {
    expression(text, Dialect::Request(session))
}

/// Reads a permission.
pub fn permission(text: &str) -> Result<Expression> {
    expression(text, Dialect::Permission)
}

fn expression(text: &str, dialect: Dialect<'_>) -> Result<Expression> {
    let tokens = tokens(text)?;
    // Before the first of them is compiled.
    let is_pattern =
        |token: &&Token| matches!(&token.kind, Kind::Pattern(..)) || matches!(&token.kind, Kind::Name(name) if name == "RegExp");
    if tokens.iter().filter(is_pattern).count() > MOST_PATTERNS {
        return Err(Refusal::too_large(format!("{MOST_PATTERNS} RegExp")));
    }
    let mut parser = Parser::new(text, &tokens, dialect);
    let expression = parser.any(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.unexpected()),
    }
}

/// Reads what [`tokens`] made of a text.
pub(super) struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    next: usize,
    parts: usize,
    patterns: usize,
    dialect: Dialect<'a>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token], dialect: Dialect<'a>) -> Self {
        Self { text, tokens, next: 0, parts: 0, patterns: 0, dialect }
    }

    pub(super) fn peek(&self) -> Option<&'a Kind> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    pub(super) fn unexpected(&self) -> Box<Refusal> {
        let at = self.tokens.get(self.next).map_or(self.text.len(), |token| token.at);
        // At the end of the text its last characters say more than nothing.
        let at = if at == self.text.len() { self.text.floor_char_boundary(at.saturating_sub(12)) } else { at };
        Refusal::unexpected(&self.text[at..])
    }

    /// Takes a sign, if it is the next token.
    pub(super) fn sign(&mut self, sign: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Kind::Sign(next)) if *next == sign);
        self.next += usize::from(is_it);
        is_it
    }

    fn demand(&mut self, sign: &str) -> Result<()> {
        if self.sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Takes a name, if it is the next token.
    pub(super) fn name(&mut self) -> Option<&'a str> {
        let Some(Kind::Name(name)) = self.peek() else { return None };
        self.next += 1;
        Some(name)
    }

    /// `a || b`
    pub(super) fn any(&mut self, depth: usize) -> Result<Expression> {
        self.parts += 1;
        if depth > DEEPEST {
            return Err(Refusal::too_large(format!("depth {DEEPEST}")));
        }
        if self.parts > MOST_PARTS {
            return Err(Refusal::too_large(format!("{MOST_PARTS} parts")));
        }
        let mut parts = vec![self.all(depth)?];
        while self.sign("||") {
            parts.push(self.all(depth)?);
        }
        Ok(single(parts, Expression::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expression> {
        let mut parts = vec![self.comparison(depth)?];
        while self.sign("&&") {
            parts.push(self.comparison(depth)?);
        }
        Ok(single(parts, Expression::All))
    }

    fn comparison(&mut self, depth: usize) -> Result<Expression> {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(Refusal::too_large(format!("{MOST_PARTS} parts")));
        }
        let left = self.sum(depth)?;
        const SIGNS: [(&str, Comparison); 8] = [
            ("===", Comparison::Equal),
            ("!==", Comparison::NotEqual),
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            ("<", Comparison::Less),
        ];
        for (sign, comparison) in SIGNS {
            if self.sign(sign) {
                let right = self.sum(depth)?;
                return self.compared(comparison, left, right);
            }
        }
        if matches!(self.peek(), Some(Kind::Name(name)) if name == "in") {
            self.next += 1;
            let right = self.sum(depth)?;
            return Ok(self.contained(left, right));
        }
        Ok(left)
    }

    fn compared(&self, comparison: Comparison, left: Expression, right: Expression) -> Result<Expression> {
        if let Dialect::Permission = self.dialect {
            return Ok(Expression::Compare(comparison, Box::new(left), Box::new(right)));
        }
        Ok(match (left, right) {
            (Expression::Field(path), Expression::Literal(value)) => Expression::Match(path, Matcher::Compare(comparison, value)),
            (Expression::Literal(value), Expression::Field(path)) => Expression::Match(path, Matcher::Compare(comparison.flipped(), value)),
            // The original pages write the name of the field in quotes: `'_id' == $cloudEnv_uid`.
            (Expression::Literal(Value::String(name)), Expression::Literal(value)) => {
                Expression::Match(Path::parse(&name)?, Matcher::Compare(comparison, value))
            }
            (left, right) => Expression::Compare(comparison, Box::new(left), Box::new(right)),
        })
    }

    fn contained(&self, left: Expression, right: Expression) -> Expression {
        if let Dialect::Permission = self.dialect {
            return Expression::In(Box::new(left), Box::new(right));
        }
        match (left, right) {
            (Expression::Field(path), Expression::Literal(Value::Array(values))) => Expression::Match(path, Matcher::In(values)),
            (Expression::Literal(value), Expression::Field(path)) => Expression::Match(path, Matcher::Compare(Comparison::Equal, value)),
            (left, right) => Expression::In(Box::new(left), Box::new(right)),
        }
    }

    fn sum(&mut self, depth: usize) -> Result<Expression> {
        let mut left = self.unary(depth)?;
        loop {
            let (function, parts) = match self.peek() {
                // In permissions `+` joins texts: `get("database.shop." + doc.shop_id)`.
                Some(Kind::Sign("+")) => (Function::Plus, 1),
                Some(Kind::Sign("-")) => (Function::Subtract, 1),
                Some(Kind::Sign("*")) => (Function::Multiply, 1),
                Some(Kind::Sign("/")) => (Function::Divide, 1),
                Some(Kind::Sign("%")) => (Function::Mod, 1),
                _ => return Ok(left),
            };
            self.next += parts;
            self.parts += 1;
            if self.parts > MOST_PARTS {
                return Err(Refusal::too_large(format!("{MOST_PARTS} parts")));
            }
            let right = self.unary(depth)?;
            left = flat_call(function, left, right);
        }
    }

    fn unary(&mut self, depth: usize) -> Result<Expression> {
        if depth > DEEPEST {
            return Err(Refusal::too_large(format!("depth {DEEPEST}")));
        }
        if self.sign("!") {
            return Ok(Expression::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.sign("-") {
            return match self.unary(depth + 1)? {
                Expression::Literal(Value::Number(number)) => {
                    let negative = number.as_i64().and_then(i64::checked_neg).map(Value::from);
                    Ok(Expression::Literal(negative.unwrap_or_else(|| value::number(-number.as_f64().unwrap_or(0.0)))))
                }
                _ => Err(self.unexpected()),
            };
        }
        self.primary(depth)
    }

    fn primary(&mut self, depth: usize) -> Result<Expression> {
        let Some(kind) = self.peek() else { return Err(self.unexpected()) };
        match kind {
            Kind::Sign("(") => {
                self.next += 1;
                let inner = self.any(depth + 1)?;
                self.demand(")")?;
                Ok(inner)
            }
            Kind::Sign("[") => {
                self.next += 1;
                let items = self.items("]", depth)?;
                Ok(list(items))
            }
            Kind::Number(number) => {
                self.next += 1;
                Ok(Expression::Literal(number.clone()))
            }
            Kind::Text(text) => {
                self.next += 1;
                Ok(Expression::text(text.clone()))
            }
            Kind::Template(texts, expressions) => {
                self.next += 1;
                self.template(texts, expressions)
            }
            Kind::Pattern(source, flags) => {
                self.next += 1;
                let pattern = self.pattern(source, flags)?;
                self.test(pattern, depth)
            }
            Kind::Name(_) => self.named(depth),
            Kind::Sign(_) => Err(self.unexpected()),
        }
    }

    /// Expressions between commas, up to a closing bracket.
    fn items(&mut self, close: &str, depth: usize) -> Result<Vec<Expression>> {
        let mut items = Vec::new();
        while !self.sign(close) {
            if !items.is_empty() {
                self.demand(",")?;
                if self.sign(close) {
                    break;
                }
            }
            items.push(self.any(depth + 1)?);
        }
        Ok(items)
    }

    fn pattern(&mut self, source: &str, flags: &str) -> Result<Pattern> {
        self.patterns += 1;
        if self.patterns > MOST_PATTERNS { Err(Refusal::too_large(format!("{MOST_PATTERNS} RegExp"))) } else { Pattern::new(source, flags) }
    }

    fn template(&mut self, texts: &[String], expressions: &[String]) -> Result<Expression> {
        const MOST_INSERTS: usize = 16;
        if expressions.len() > MOST_INSERTS {
            return Err(Refusal::too_large(format!("{MOST_INSERTS} ${{}}")));
        }
        let mut parts = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            parts.push(Expression::text(text.clone()));
            if let Some(inner) = expressions.get(index) {
                if inner.contains('`') {
                    return Err(self.unexpected());
                }
                parts.push(self.inserted(inner)?);
            }
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Call(Function::Plus, parts) })
    }

    /// What stands between `${` and `}`. It counts as a part of the whole text.
    fn inserted(&mut self, text: &str) -> Result<Expression> {
        let tokens = tokens(text)?;
        let mut parser = Parser { parts: self.parts, patterns: self.patterns, ..Parser::new(text, &tokens, self.dialect) };
        let expression = parser.any(0)?;
        if parser.peek().is_some() {
            return Err(parser.unexpected());
        }
        (self.parts, self.patterns) = (parser.parts, parser.patterns);
        Ok(expression)
    }

    /// `.test(x)` after a pattern.
    fn test(&mut self, pattern: Pattern, depth: usize) -> Result<Expression> {
        self.demand(".")?;
        if self.name() != Some("test") {
            return Err(self.unexpected());
        }
        self.demand("(")?;
        let tested = self.any(depth + 1)?;
        self.demand(")")?;
        Ok(match tested {
            Expression::Field(path) if matches!(self.dialect, Dialect::Request(_)) => Expression::Match(path, Matcher::Pattern(pattern)),
            tested => Expression::Test(pattern, Box::new(tested)),
        })
    }

    fn named(&mut self, depth: usize) -> Result<Expression> {
        let start = self.next;
        let Some(name) = self.name() else { return Err(self.unexpected()) };
        let literal = |value: Value| Ok(Expression::Literal(value));
        match name {
            "true" => return literal(Value::Bool(true)),
            "false" => return literal(Value::Bool(false)),
            "null" | "undefined" => return literal(Value::Null),
            "new" => return self.constructed(depth),
            "get" if matches!(self.dialect, Dialect::Permission) && matches!(self.peek(), Some(Kind::Sign("("))) => {
                self.next += 1;
                let target = self.any(depth + 1)?;
                self.demand(")")?;
                let path = self.dotted(String::new())?;
                let path = if path.is_empty() { None } else { Some(Path::parse(&path)?) };
                return Ok(Expression::Lookup(Box::new(target), path));
            }
            _ => {}
        }
        if self.sign("(") {
            let function = Function::named(name).ok_or_else(|| Refusal::not_supported(format!("{name}()")))?;
            let arguments = self.items(")", depth)?;
            if !function.takes(arguments.len()) {
                return Err(Refusal::argument(format!("{name}()")));
            }
            return Ok(Expression::Call(function, arguments));
        }
        let text = self.dotted(name.to_owned())?;
        match self.dialect {
            Dialect::Request(session) => request_name(&text, session),
            Dialect::Permission => permission_name(&text).ok_or_else(|| {
                self.next = start;
                self.unexpected()
            }),
        }
    }

    /// Further segments of a name. A number between dots is an index.
    fn dotted(&mut self, mut text: String) -> Result<String> {
        while self.sign(".") {
            let segment = match self.peek() {
                Some(Kind::Name(name)) => name.clone(),
                Some(Kind::Number(Value::Number(number))) if number.is_u64() => number.to_string(),
                _ => return Err(self.unexpected()),
            };
            self.next += 1;
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(&segment);
        }
        Ok(text)
    }

    /// `new Date(...)`, `new RegExp(...)`
    fn constructed(&mut self, depth: usize) -> Result<Expression> {
        let name = self.name().ok_or_else(|| self.unexpected())?;
        self.demand("(")?;
        let arguments = self.items(")", depth)?;
        let text = |index: usize| match arguments.get(index) {
            Some(Expression::Literal(Value::String(text))) => Some(text.as_str()),
            _ => None,
        };
        match (name, arguments.as_slice()) {
            ("RegExp", [_] | [_, _]) => {
                let source = text(0).ok_or_else(|| Refusal::argument("RegExp"))?;
                let pattern = self.pattern(source, text(1).unwrap_or_default())?;
                self.test(pattern, depth)
            }
            ("Date", [Expression::Literal(Value::Number(ms))]) => Ok(Expression::Literal(value::date(ms.as_i64().unwrap_or(0)))),
            ("Date", [Expression::Literal(Value::String(iso))]) => {
                let ms = value::parse_iso(iso).ok_or_else(|| Refusal::argument("Date"))?;
                Ok(Expression::Literal(value::date(ms)))
            }
            ("Date", []) => match self.dialect {
                Dialect::Request(session) => Ok(Expression::Literal(value::date(session.now_ms))),
                Dialect::Permission => Err(Refusal::not_supported("new Date()")),
            },
            ("Date" | "RegExp", _) => Err(Refusal::argument(name)),
            _ => Err(Refusal::not_supported(format!("new {name}()"))),
        }
    }
}

fn single(mut parts: Vec<Expression>, many: impl Fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 { parts.remove(0) } else { many(parts) }
}

/// `a + b + c` is one call, so that long sums are not deep.
fn flat_call(function: Function, left: Expression, right: Expression) -> Expression {
    match left {
        Expression::Call(same, mut parts) if same == function && function == Function::Plus => {
            parts.push(right);
            Expression::Call(function, parts)
        }
        left => Expression::Call(function, vec![left, right]),
    }
}

fn list(items: Vec<Expression>) -> Expression {
    let literal = |item: &Expression| if let Expression::Literal(value) = item { Some(value.clone()) } else { None };
    match items.iter().map(literal).collect::<Option<Vec<Value>>>() {
        Some(values) => Expression::Literal(Value::Array(values)),
        None => Expression::List(items),
    }
}

fn request_name(text: &str, session: &Session) -> Result<Expression> {
    let variable = text.strip_prefix("$env.").or_else(|| text.strip_prefix("$cloudEnv_")).or_else(|| text.strip_prefix("$cloudEnv."));
    match variable {
        Some("uid") => session.uid().map(Expression::text).ok_or_else(Refusal::anonymous),
        Some("now") => Ok(Expression::Literal(session.now_ms.into())),
        Some("clientIP") => Ok(Expression::text(session.client_ip.clone())),
        Some(_) => Err(Refusal::not_supported(text)),
        None => Path::parse(text).map(Expression::Field),
    }
}

fn permission_name(text: &str) -> Option<Expression> {
    let variable = match text {
        "auth.uid" => Variable::Uid,
        "auth.role" => Variable::Roles,
        "auth.permission" => Variable::Permissions,
        "auth.tokenExpired" => Variable::TokenExpired,
        "now" => Variable::Now,
        "clientIP" | "auth.clientIP" => Variable::ClientIp,
        "action" => Variable::Action,
        _ => return Path::parse(text.strip_prefix("doc.")?).ok().map(Expression::Field),
    };
    Some(Expression::Variable(variable))
}
