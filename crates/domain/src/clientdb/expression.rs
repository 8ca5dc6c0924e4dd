//! Conditions and computed values, typed: what every text and object of a request becomes.

use serde_json::Value;

use super::{functions::Function, path::Path, pattern::Pattern, session::Session, value};

/// A condition, or a value that is computed.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A value.
    Literal(Value),
    /// A field of the document.
    Field(Path),
    /// Something of the caller; only in permissions, where it stands until [`Expression::bind`].
    Variable(Variable),
    /// `auth.uid` of a caller who has none: nothing is equal to it and nothing is not.
    Nobody,
    /// A field of another document: `get("database.shop.<id>").owner`. The first is the target's text.
    Lookup(Box<Expression>, Option<Path>),
    /// A list.
    List(Vec<Expression>),
    /// `!a`
    Not(Box<Expression>),
    /// `a && b`
    All(Vec<Expression>),
    /// `a || b`
    Any(Vec<Expression>),
    /// `a == b`, of exactly these two values.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// `a in b`
    In(Box<Expression>, Box<Expression>),
    /// A field as MongoDB matches it: a list matches if one of its items does.
    Match(Path, Matcher),
    /// `/a/.test(b)`
    Test(Pattern, Box<Expression>),
    /// A function.
    Call(Function, Vec<Expression>),
}

/// Something of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// `auth.uid`
    Uid,
    /// `auth.role`
    Roles,
    /// `auth.permission`
    Permissions,
    /// `auth.tokenExpired`
    TokenExpired,
    /// `now`
    Now,
    /// `clientIP`
    ClientIp,
    /// `action`: there are none here.
    Action,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl Comparison {
    /// The comparison with its sides exchanged.
    pub const fn flipped(self) -> Self {
        match self {
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            same => same,
        }
    }

    /// Compares; what is absent is like null.
    pub fn holds(self, left: Option<&Value>, right: Option<&Value>) -> bool {
        let (left, right) = (left.unwrap_or(&Value::Null), right.unwrap_or(&Value::Null));
        let order = || value::compare(left, right);
        match self {
            Self::Equal => value::same(left, right),
            Self::NotEqual => !value::same(left, right),
            Self::Greater => order().is_some_and(|order| order.is_gt()),
            Self::GreaterOrEqual => order().is_some_and(|order| order.is_ge()),
            Self::Less => order().is_some_and(|order| order.is_lt()),
            Self::LessOrEqual => order().is_some_and(|order| order.is_le()),
        }
    }
}

/// What a field must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// `eq`, `neq`, `gt` ...
    Compare(Comparison, Value),
    /// `in`
    In(Vec<Value>),
    /// A regular expression.
    Pattern(Pattern),
    /// `exists`
    Exists(bool),
    /// A list of this length.
    Size(u64),
    /// A list with all of these.
    Contains(Vec<Value>),
    /// A list of which one item is so.
    Element(Box<Expression>),
    /// A number that leaves this remainder.
    Remainder(i64, i64),
    /// Not so; also where the field is absent.
    Not(Box<Matcher>),
    /// All of these.
    All(Vec<Matcher>),
    /// One of these.
    Any(Vec<Matcher>),
}

impl Expression {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Literal(Value::String(text.into()))
    }

    /// The parts directly inside.
    pub fn parts(&self) -> Vec<&Expression> {
        match self {
            Self::Literal(_) | Self::Field(_) | Self::Variable(_) | Self::Nobody | Self::Match(..) => Vec::new(),
            Self::Lookup(part, _) | Self::Not(part) | Self::Test(_, part) => vec![part],
            Self::List(parts) | Self::All(parts) | Self::Any(parts) | Self::Call(_, parts) => parts.iter().collect(),
            Self::Compare(_, left, right) | Self::In(left, right) => vec![left, right],
        }
    }

    /// Every field of the document that the expression speaks of.
    pub fn fields(&self) -> Vec<&Path> {
        let mut found = match self {
            Self::Field(path) | Self::Match(path, _) => vec![path],
            _ => Vec::new(),
        };
        found.extend(self.parts().into_iter().flat_map(Expression::fields));
        found
    }

    /// Whether some part is so.
    pub fn any_part(&self, is_so: &dyn Fn(&Expression) -> bool) -> bool {
        is_so(self) || self.parts().into_iter().any(|part| part.any_part(is_so))
    }

    /// Whether it speaks of the caller.
    pub fn needs_user(&self) -> bool {
        use Variable::{Permissions, Roles, TokenExpired, Uid};
        self.any_part(&|part| matches!(part, Self::Nobody | Self::Variable(Uid | Roles | Permissions | TokenExpired)))
    }

    /// The conditions that must all hold.
    pub fn conjuncts(&self) -> Vec<&Expression> {
        match self {
            Self::All(parts) => parts.iter().flat_map(Expression::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// The same with the caller's facts put in.
    pub fn bind(&self, session: &Session) -> Expression {
        let all = |parts: &[Expression]| parts.iter().map(|part| part.bind(session)).collect::<Vec<_>>();
        let one = |part: &Expression| Box::new(part.bind(session));
        match self {
            Self::Variable(variable) => variable.value(session).map_or(Self::Nobody, Self::Literal),
            Self::Literal(_) | Self::Field(_) | Self::Nobody | Self::Match(..) => self.clone(),
            Self::Lookup(target, path) => Self::Lookup(one(target), path.clone()),
            Self::Not(part) => Self::Not(one(part)),
            Self::Test(pattern, part) => Self::Test(pattern.clone(), one(part)),
            Self::List(parts) => Self::List(all(parts)),
            Self::All(parts) => Self::All(all(parts)),
            Self::Any(parts) => Self::Any(all(parts)),
            Self::Call(function, parts) => Self::Call(*function, all(parts)),
            Self::Compare(comparison, left, right) => Self::Compare(*comparison, one(left), one(right)),
            Self::In(left, right) => Self::In(one(left), one(right)),
        }
    }
}

impl Variable {
    /// The value; `None`: the caller's id where there is none.
    fn value(self, session: &Session) -> Option<Value> {
        let user = session.user.as_ref();
        Some(match self {
            Self::Uid => Value::from(user?.uid.clone()),
            Self::Roles => user.map(|user| user.roles.clone()).unwrap_or_default().into(),
            Self::Permissions => user.map(|user| user.permissions.clone()).unwrap_or_default().into(),
            Self::TokenExpired => user.and_then(|user| user.token_expired).into(),
            Self::Now => session.now_ms.into(),
            Self::ClientIp => session.client_ip.clone().into(),
            Self::Action => Value::Array(Vec::new()),
        })
    }
}
