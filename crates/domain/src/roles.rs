//! Roles and permissions (`uni-id-roles`).

use std::collections::HashMap;

/// The role that may do everything.
pub const ADMIN: &str = "admin";

/// All roles with their permissions, held in memory.
#[derive(Clone, Debug, Default)]
pub struct RoleBook(HashMap<String, Vec<String>>);

impl RoleBook {
    /// Collects `(role_id, permission)` pairs.
    pub fn new(roles: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        Self(roles.into_iter().collect())
    }

    /// The union of the roles' permissions in the order of first mention. Empty for `admin`, whose
    /// permission is not a matter of lists (seed 003, custom token).
    pub fn permissions(&self, roles: &[String]) -> Vec<String> {
        if self.0.is_empty() || roles.iter().any(|role| role == ADMIN) {
            return Vec::new();
        }
        let mut union: Vec<String> = Vec::new();
        for permission in roles.iter().filter_map(|role| self.0.get(role)).flatten() {
            if !union.contains(permission) {
                union.push(permission.clone());
            }
        }
        union
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> RoleBook {
        RoleBook::new([("editor".into(), vec!["read".into(), "write".into()]), ("auditor".into(), vec!["read".into(), "audit".into()])])
    }

    #[test]
    fn permissions_are_united_without_repetition() {
        assert_eq!(book().permissions(&["editor".into(), "auditor".into(), "ghost".into()]), ["read", "write", "audit"]);
    }

    #[test]
    fn an_administrator_has_no_list() {
        assert!(book().permissions(&["editor".into(), "admin".into()]).is_empty());
    }
}
