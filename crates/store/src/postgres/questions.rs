//! Questions about users and documents that are asked together: see [`super::gather`].
//!
//! `OFFSET 0` keeps the planner from reading whole tables that were small when it made the plan: each
//! question looks into the index by itself.

use lingpai_domain::store::{IdentityQuery, RecentQuery};
use tokio_postgres::types::ToSql;

use super::{
    gather::{Columns, Gather, Question},
    log::RecentColumns,
    statements::Reader,
    text::{lookup_key, storable},
};

/// Where the questions gather.
pub struct Questions {
    pub overviews: Gather<Overview>,
    pub users: Gather<ById>,
    pub views: Gather<View>,
    pub candidates: Gather<Candidate>,
    pub documents: Gather<PlainDocument>,
}

impl Questions {
    /// Reads with this.
    pub fn new(reader: &Reader) -> Self {
        Self {
            overviews: Gather::new(reader),
            users: Gather::new(reader),
            views: Gather::new(reader),
            candidates: Gather::new(reader),
            documents: Gather::new(reader),
        }
    }
}

/// The columns of `users` and `logins` that [`super::users::user_at`] reads, of a user who is there or not.
macro_rules! user_columns {
    ($id:literal) => {
        concat!("u.doc, u.revision, l.last_login_date, l.last_login_ip, CASE WHEN u.invited THEN lingpai_ancestry(", $id, ") END")
    };
}
macro_rules! joined_user {
    ($join:literal, $id:literal) => {
        concat!(
            $join,
            " JOIN LATERAL (SELECT doc::text AS doc, revision, invited FROM users WHERE id = ",
            $id,
            " OFFSET 0) AS u ON true LEFT JOIN LATERAL (SELECT last_login_date, last_login_ip FROM logins WHERE uid = ",
            $id,
            " OFFSET 0) AS l ON true"
        )
    };
}

/// The stored document of a user alone.
pub struct Overview(String);

/// A user.
pub struct ById(String);

/// A user, and whether a token is in the list.
pub struct View {
    uid: String,
    token: String,
}

/// A document of the table `documents`.
pub struct PlainDocument {
    collection: String,
    id: String,
}

/// Users with one of some identifiers.
pub struct Candidate {
    kind: String,
    /// Separated by [`SEPARATOR`].
    values: String,
    app: String,
    recent: Option<Recent>,
}

struct Recent {
    kind: &'static str,
    ip: String,
    field: String,
    value: String,
    since: i64,
}

/// In no text that [`lookup_key`] makes.
const SEPARATOR: &str = "\u{1},";

impl Overview {
    pub fn new(uid: &str) -> Self {
        Self(storable(uid).into_owned())
    }
}

impl ById {
    pub fn new(uid: &str) -> Self {
        Self(storable(uid).into_owned())
    }
}

impl View {
    pub fn new(uid: &str, token: &str) -> Self {
        Self { uid: storable(uid).into_owned(), token: storable(token).into_owned() }
    }
}

impl PlainDocument {
    pub fn new(collection: &str, id: &str) -> Self {
        Self { collection: storable(collection).into_owned(), id: storable(id).into_owned() }
    }
}

impl Candidate {
    pub fn new(query: &IdentityQuery, recent: Option<&RecentQuery>) -> Self {
        let values: Vec<_> = query.values.iter().map(|value| lookup_key(value)).collect();
        let recent = recent.map(RecentColumns::from).map(|recent| Recent {
            kind: recent.kind,
            ip: recent.ip.into_owned(),
            field: recent.field.into_owned(),
            value: recent.value.into_owned(),
            since: recent.since,
        });
        Self {
            kind: lookup_key(query.kind.wire()).into_owned(),
            values: values.join(SEPARATOR),
            app: lookup_key(&query.app).into_owned(),
            recent,
        }
    }
}

/// One element for each question.
fn column<'q, Q, T: ToSql + Sync + Send + 'q>(questions: &[&'q Q], read: impl Fn(&'q Q) -> T) -> Box<dyn ToSql + Sync + Send + 'q> {
    Box::new(questions.iter().map(|question| read(question)).collect::<Vec<T>>())
}

impl Question for Overview {
    const SQL: &'static str = "
        SELECT n.place, u.doc FROM unnest($1::text[]) WITH ORDINALITY AS n(uid, place)
        CROSS JOIN LATERAL (SELECT doc::text AS doc FROM users WHERE id = n.uid OFFSET 0) AS u";

    fn columns<'q>(questions: &[&'q Self]) -> Columns<'q> {
        vec![column(questions, |overview| overview.0.as_str())]
    }
}

impl Question for ById {
    const SQL: &'static str = concat!(
        "SELECT n.place, ",
        user_columns!("n.uid"),
        " FROM unnest($1::text[]) WITH ORDINALITY AS n(uid, place)",
        joined_user!("", "n.uid")
    );

    fn columns<'q>(questions: &[&'q Self]) -> Columns<'q> {
        vec![column(questions, |by_id| by_id.0.as_str())]
    }
}

impl Question for View {
    const SQL: &'static str = concat!(
        "SELECT n.place, EXISTS (SELECT FROM sessions AS s WHERE s.uid = n.uid AND s.token = n.token), ",
        user_columns!("n.uid"),
        " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n(uid, token, place)",
        joined_user!("", "n.uid")
    );

    fn columns<'q>(questions: &[&'q Self]) -> Columns<'q> {
        vec![column(questions, |view| view.uid.as_str()), column(questions, |view| view.token.as_str())]
    }
}

impl Question for PlainDocument {
    const SQL: &'static str = "
        SELECT n.place, d.doc FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n(collection, id, place)
        CROSS JOIN LATERAL (SELECT doc::text AS doc FROM documents WHERE collection = n.collection AND id = n.id OFFSET 0) AS d";

    fn columns<'q>(questions: &[&'q Self]) -> Columns<'q> {
        vec![column(questions, |document| document.collection.as_str()), column(questions, |document| document.id.as_str())]
    }
}

impl Question for Candidate {
    // One row at least for each: the answers, and beside them the users found, if any.
    const SQL: &'static str = concat!(
        "SELECT n.place, h.elsewhere,
            CASE WHEN n.r_kind IS NULL THEN false ELSE lingpai_failed_thrice(n.r_kind, n.r_ip, n.r_field, n.r_value, n.r_since) END, ",
        user_columns!("f.uid"),
        " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[])
            WITH ORDINALITY AS n(kind, held, app, r_kind, r_ip, r_field, r_value, r_since, place)
        CROSS JOIN LATERAL (
            SELECT coalesce(bool_or(NOT here), false) AS elsewhere, (array_agg(uid ORDER BY uid) FILTER (WHERE here))[1:2] AS uids
            FROM (
                SELECT i.uid, bool_or(i.app = '*' OR (i.app = n.app AND n.app <> '')) AS here
                FROM unnest(string_to_array(n.held, E'\\x01,')) AS v(value)
                CROSS JOIN LATERAL (SELECT uid, app FROM identities WHERE kind = n.kind AND value = v.value OFFSET 0) AS i
                GROUP BY i.uid
            ) AS hits
        ) AS h
        LEFT JOIN LATERAL unnest(h.uids) AS f(uid) ON true",
        joined_user!(" LEFT", "f.uid")
    );

    fn columns<'q>(questions: &[&'q Self]) -> Columns<'q> {
        let recent = |candidate: &'q Self| candidate.recent.as_ref();
        vec![
            column(questions, |candidate| candidate.kind.as_str()),
            column(questions, |candidate| candidate.values.as_str()),
            column(questions, |candidate| candidate.app.as_str()),
            column(questions, |candidate| recent(candidate).map(|r| r.kind)),
            column(questions, |candidate| recent(candidate).map(|r| r.ip.as_str())),
            column(questions, |candidate| recent(candidate).map(|r| r.field.as_str())),
            column(questions, |candidate| recent(candidate).map(|r| r.value.as_str())),
            column(questions, |candidate| recent(candidate).map(|r| r.since)),
        ]
    }
}
