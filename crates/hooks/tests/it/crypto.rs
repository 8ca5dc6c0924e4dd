//! `require('crypto')` against the published vectors.

use serde_json::json;

use crate::project::{evaluate, failure, patient};

/// RFC 1321, FIPS 180-4.
#[tokio::test]
async fn digests() {
    let body = "const c = require('node:crypto');
        return ['md5', 'sha1', 'SHA-256', 'sha384', 'RSA-SHA512'].map((name) => c.createHash(name).update('a').update(Buffer.from('bc')).digest('hex'))";
    assert_eq!(
        evaluate(body).await,
        json!([
            "900150983cd24fb0d6963f7d28e17f72",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ])
    );
}

#[tokio::test]
async fn digests_in_all_encodings() {
    let body = "const c = require('crypto'); const hash = () => c.createHash('md5').update('abc');
        const binary = hash().digest('latin1');
        return [hash().digest('base64'), hash().digest('base64url'), hash().digest().toString('hex'), Buffer.from(binary, 'latin1').toString('hex'), c.hash('md5', 'abc')]";
    let hex = "900150983cd24fb0d6963f7d28e17f72";
    assert_eq!(evaluate(body).await, json!(["kAFQmDzST7DWlj99KOF/cg==", "kAFQmDzST7DWlj99KOF_cg", hex, hex, hex]));
}

/// RFC 2202 and RFC 4231, test case 2.
#[tokio::test]
async fn hmac() {
    let body = "const c = require('crypto');
        return ['md5', 'sha1', 'sha256', 'sha384', 'sha512'].map((name) => c.createHmac(name, 'Jefe').update('what do ya want for nothing?').digest('hex'))";
    assert_eq!(
        evaluate(body).await,
        json!([
            "750c783e6ab0b503eaa86e310a5db738",
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
        ])
    );
}

/// RFC 6070 (SHA-1) and the same for SHA-256.
#[tokio::test]
async fn pbkdf2() {
    let body = "const c = require('crypto');
        const later = await require('util').promisify(c.pbkdf2)('password', 'salt', 2, 20, 'sha1');
        return [
          c.pbkdf2Sync('password', 'salt', 1, 20, 'sha1').toString('hex'), later.toString('hex'),
          c.pbkdf2Sync('passwordPASSWORDpassword', 'saltSALTsaltSALTsaltSALTsaltSALTsalt', 4096, 25, 'sha1').toString('hex'),
          c.pbkdf2Sync('pass\\0word', 'sa\\0lt', 4096, 16, 'sha1').toString('hex'),
          c.pbkdf2Sync('password', 'salt', 4096, 32, 'sha256').toString('hex')]";
    assert_eq!(
        evaluate(body).await,
        json!([
            "0c60c80f961f0e71f3a9b524af6012062fe037a6",
            "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957",
            "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038",
            "56fa6aa75548099dcc37d7f03425e0c3",
            "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"
        ])
    );
}

/// RFC 7914, section 12.
#[tokio::test]
async fn scrypt() {
    let body = "const c = require('crypto');
        return [
          c.scryptSync('', '', 64, { N: 16, r: 1, p: 1 }).toString('hex'),
          c.scryptSync('password', 'NaCl', 64, { cost: 1024, blockSize: 8, parallelization: 16 }).toString('hex'),
          c.scryptSync('pleaseletmein', 'SodiumChloride', 64).toString('hex')]";
    let vectors = json!([
        "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    ]);
    assert_eq!(evaluate(body).await, vectors);
    let costly = failure(patient(), "require('crypto').scryptSync('a', 'b', 32, { N: 2 ** 20, r: 8, p: 1 })").await;
    assert!(costly.to_string().contains("memory limit exceeded"), "{costly}");
}

/// NIST SP 800-38A, F.2.1, F.2.3 and F.2.5: first two blocks.
#[tokio::test]
async fn aes_cbc() {
    let body = "const c = require('crypto');
        const iv = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
        const text = Buffer.from('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51', 'hex');
        const keys = ['2b7e151628aed2a6abf7158809cf4f3c', '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
          '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4'];
        return keys.map((key) => {
          const name = `aes-${key.length * 4}-cbc`;
          const cipher = c.createCipheriv(name, Buffer.from(key, 'hex'), iv).setAutoPadding(false);
          const sealed = cipher.update(text.subarray(0, 5), null, 'hex') + cipher.update(text.subarray(5), null, 'hex') + cipher.final('hex');
          const decipher = c.createDecipheriv(name, Buffer.from(key, 'hex'), iv).setAutoPadding(false);
          const opened = decipher.update(sealed, 'hex', 'hex') + decipher.final('hex');
          return [sealed, opened === text.toString('hex')];
        })";
    assert_eq!(
        evaluate(body).await,
        json!([
            ["7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2", true],
            ["4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a", true],
            ["f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d", true]
        ])
    );
}

#[tokio::test]
async fn padded_texts_come_back_in_every_length_and_encoding() {
    let body = "const c = require('crypto'); const key = Buffer.alloc(32, 7); const iv = Buffer.alloc(16, 9);
        const wrong = [];
        for (const encoding of ['hex', 'base64', 'base64url', 'latin1']) for (let n = 0; n < 50; n++) {
          const text = '令牌🔑x'.repeat(20).slice(0, n).toWellFormed();
          const cipher = c.createCipheriv('aes-256-cbc', key, iv);
          let sealed = cipher.update(text, 'utf8', encoding); sealed += cipher.final(encoding);
          const decipher = c.createDecipheriv('aes-256-cbc', key, iv);
          const opened = decipher.update(sealed, encoding, 'utf8') + decipher.final('utf8');
          if (opened !== text) wrong.push([encoding, n]);
        }
        return wrong";
    assert_eq!(evaluate(body).await, json!([]));
    let damaged = "const c = require('crypto'); const d = c.createDecipheriv('aes-128-cbc', Buffer.alloc(16), Buffer.alloc(16));
        d.update(Buffer.alloc(16)); d.final()";
    assert!(failure(patient(), damaged).await.to_string().contains("bad decrypt"));
}

/// NIST's GCM vectors (test cases 4, 10 and 16 of the GCM specification), and a 16-byte nonce's round trip.
#[tokio::test]
async fn aes_gcm() {
    let body = "const c = require('crypto');
        const hex = (text) => Buffer.from(text, 'hex');
        const key = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308';
        const iv = hex('cafebabefacedbaddecaf888');
        const aad = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2');
        const text = hex('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39');
        return [32, 48, 64].map((digits) => {
          const name = `aes-${digits * 4}-gcm`;
          const cipher = c.createCipheriv(name, hex(key.slice(0, digits)), iv).setAAD(aad);
          const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
          const tag = cipher.getAuthTag();
          const open = (tag) => { const d = c.createDecipheriv(name, hex(key.slice(0, digits)), iv).setAAD(aad).setAuthTag(tag);
            return Buffer.concat([d.update(sealed), d.final()]) };
          const bad = Buffer.from(tag); bad[0] ^= 1;
          let refused = false; try { open(bad) } catch (e) { refused = /unable to authenticate/.test(e.message) }
          return [sealed.toString('hex').slice(0, 32), tag.toString('hex'), open(tag).equals(text), refused];
        })";
    assert_eq!(
        evaluate(body).await,
        json!([
            ["42831ec2217774244b7221b784d0d49c", "5bc94fbc3221a5db94fae95ae7121a47", true, true],
            ["3980ca0b3c00e841eb06fac4872a2757", "2519498e80f1478f37ba55bd6d27618c", true, true],
            ["522dc1f099567d07f47f37a32a84427d", "76fc6ece0f4e1768cddf8853bb2d551b", true, true]
        ])
    );
    let long_nonce = "const c = require('crypto'); const k = Buffer.alloc(32, 1), iv = Buffer.alloc(16, 2);
        const e = c.createCipheriv('aes-256-gcm', k, iv); const s = e.update('x', 'utf8', 'hex') + e.final('hex');
        const d = c.createDecipheriv('aes-256-gcm', k, iv).setAuthTag(e.getAuthTag()); return d.update(s, 'hex', 'utf8') + d.final('utf8')";
    assert_eq!(evaluate(long_nonce).await, json!("x"));
}

#[tokio::test]
async fn randomness_is_the_injected_one() {
    let body = "const c = require('crypto');
        return [c.randomBytes(4).toString('hex'), c.randomUUID(), c.randomInt(10), [...c.randomFillSync(new Uint8Array(2))],
          await new Promise((resolve) => c.randomBytes(2, (error, bytes) => resolve(bytes.toString('hex')))), c.randomInt(5, 6)]";
    // randomInt(10): the six bytes 14 15 16 17 18 19, big-endian, modulo 10.
    let expected = u64::from_be_bytes([0, 0, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19]) % 10;
    assert_eq!(evaluate(body).await, json!(["00010203", "04050607-0809-4a0b-8c0d-0e0f10111213", expected, [26, 27], "1c1d", 5]));
}

#[tokio::test]
async fn wrong_use_fails_as_in_node() {
    for (body, text) in [
        ("createHash('sha3')", "Digest method not supported"),
        ("createHash('md5').update(7)", "the data must be"),
        ("createHash('md5').update({})", "the data must be"),
        ("const h = c.createHash('md5'); h.digest(); h.digest()", "Digest already called"),
        ("createCipheriv('des', '12345678', '12345678')", "Unknown cipher"),
        ("createCipheriv('aes-256-cbc', 'short', Buffer.alloc(16))", "Invalid key length"),
        ("createCipheriv('aes-256-cbc', Buffer.alloc(32), 'short')", "Invalid initialization vector"),
        ("timingSafeEqual(Buffer.alloc(1), Buffer.alloc(2))", "same byte length"),
        ("pbkdf2Sync('a', 'b', 0, 1, 'sha1')", "out of range"),
        ("pbkdf2Sync('a', 'b', 1, 1e12, 'sha1')", "out of range"),
        ("randomBytes(1e9)", "too many random bytes"),
        ("randomInt(3, 3)", "range"),
        ("createDecipheriv('aes-128-gcm', Buffer.alloc(16), Buffer.alloc(12)).setAuthTag(Buffer.alloc(4))", "authentication tag"),
    ] {
        let call = if body.starts_with("const") { body.to_owned() } else { format!("c.{body}") };
        let error = failure(patient(), &format!("const c = require('crypto'); {call}")).await.to_string();
        assert!(error.contains(text), "{body}: {error}");
    }
    let same = "const c = require('crypto'); return [c.timingSafeEqual(Buffer.from('a'), Buffer.from('a')), c.timingSafeEqual(Buffer.from('a'), Buffer.from('b'))]";
    assert_eq!(evaluate(same).await, json!([true, false]));
}
