//! What callers ask for.

use std::{ops::Range, rc::Rc};

use super::{
    configuration::Hashing,
    population::{ARGON2ID_USERS, CAPTCHA, PASSWORD, Population, captcha_device},
    wire::Wire,
};

/// A stream of requests, each of them different.
pub trait Traffic {
    /// Appends the next request, and says which it is. `None`: there are no more.
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize>;

    /// Takes in the answer to a request, which was successful.
    fn answered(&mut self, _request: usize, _body: &[u8]) {}
}

/// Numbers that are scattered evenly, the same in every run (xorshift64, Marsaglia 2003).
struct Scattered(u64);

impl Scattered {
    fn new() -> Self {
        Self(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }
}

/// `getAccountInfo` by users from all over the database.
pub struct AccountInfo {
    wire: Wire,
    tokens: Rc<Vec<Vec<u8>>>,
    order: Scattered,
}

impl AccountInfo {
    /// With these tokens.
    pub fn new(tokens: Rc<Vec<Vec<u8>>>) -> Self {
        Self { wire: Wire::new("getAccountInfo"), tokens, order: Scattered::new() }
    }
}

impl Traffic for AccountInfo {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        let slot = self.order.below(self.tokens.len() as u64) as usize;
        self.wire.write(request, "web-device-0000001", self.tokens.get(slot).map(Vec::as_slice), &[b"{}"]);
        Some(slot)
    }
}

/// `refreshToken`: each new token takes the place of its predecessor.
pub struct RefreshToken {
    wire: Wire,
    tokens: Vec<Vec<u8>>,
    next: usize,
}

impl RefreshToken {
    /// With these tokens.
    pub fn new(tokens: &[Vec<u8>]) -> Self {
        Self { wire: Wire::new("refreshToken"), tokens: tokens.to_vec(), next: 0 }
    }
}

impl Traffic for RefreshToken {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        // A step that shares no divisor with usual numbers of users leads through all of them.
        self.next = (self.next + 7919) % self.tokens.len().max(1);
        self.wire.write(request, "web-device-0000001", self.tokens.get(self.next).map(Vec::as_slice), &[b"{}"]);
        Some(self.next)
    }

    fn answered(&mut self, request: usize, body: &[u8]) {
        const NAME: &[u8] = b"\"token\":\"";
        let Some(at) = body.windows(NAME.len()).position(|window| window == NAME) else { return };
        let token = body[at + NAME.len()..].iter().copied().take_while(|&byte| byte != b'"');
        if let Some(slot) = self.tokens.get_mut(request) {
            slot.clear();
            slot.extend(token);
        }
    }
}

/// `login` by user name and password.
pub struct Login {
    wire: Wire,
    users: Range<u64>,
    order: Scattered,
}

impl Login {
    /// By users with a password of that type; `users` as in [`Population::users`].
    pub fn new(hashing: Hashing, users: u64) -> Self {
        let users = match hashing {
            Hashing::HmacSha256 => 0..users,
            Hashing::Argon2id => users..users + ARGON2ID_USERS,
        };
        Self { wire: Wire::new("login"), users, order: Scattered::new() }
    }
}

impl Traffic for Login {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        let number = self.users.start + self.order.below(self.users.end - self.users.start);
        let username = Population::username(number);
        let params: [&[u8]; 5] = [b"{\"username\":\"", username.as_bytes(), b"\",\"password\":\"", PASSWORD.as_bytes(), b"\"}"];
        self.wire.write(request, &format!("web-device-{number:08}"), None, &params);
        Some(0)
    }
}

/// `createCaptcha` for ever new devices.
pub struct CreateCaptcha {
    wire: Wire,
    next: u64,
}

impl CreateCaptcha {
    /// Starts with the first device.
    pub fn new() -> Self {
        Self { wire: Wire::new("createCaptcha"), next: 0 }
    }
}

impl Traffic for CreateCaptcha {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        self.next += 1;
        self.wire.write(request, &format!("captcha-device-{:08}", self.next), None, &[b"{\"scene\":\"login-by-pwd\"}"]);
        Some(0)
    }
}

/// `registerUser`: as many as there are captchas.
pub struct RegisterUser {
    wire: Wire,
    captchas: Range<u64>,
}

impl RegisterUser {
    /// With the captchas of these numbers.
    pub fn new(captchas: Range<u64>) -> Self {
        Self { wire: Wire::new("registerUser"), captchas }
    }
}

impl Traffic for RegisterUser {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        let number = self.captchas.next()?;
        let username = format!("newcomer-{number:08}");
        let params: [&[u8]; 7] = [
            b"{\"username\":\"",
            username.as_bytes(),
            b"\",\"password\":\"",
            PASSWORD.as_bytes(),
            b"\",\"captcha\":\"",
            CAPTCHA.as_bytes(),
            b"\"}",
        ];
        self.wire.write(request, &captcha_device(number), None, &params);
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refreshed_token_is_used_the_next_time() {
        let mut traffic = RefreshToken::new(&[b"old".to_vec()]);
        let mut request = Vec::new();
        let slot = traffic.next(&mut request).unwrap();
        traffic.answered(slot, br#"{"errCode":0,"newToken":{"token":"a.b.c","tokenExpired":5}}"#);
        request.clear();
        traffic.next(&mut request);
        let text = String::from_utf8(request).unwrap();
        assert!(text.contains("\"uniIdToken\":\"a.b.c\""), "{text}");
    }

    #[test]
    fn registrations_end_with_their_captchas() {
        let mut traffic = RegisterUser::new(3..5);
        let mut request = Vec::new();
        assert_eq!([(); 3].map(|()| traffic.next(&mut request).is_some()), [true, true, false]);
    }
}
