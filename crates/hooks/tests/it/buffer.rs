//! `Buffer` and the encodings.

use serde_json::json;

use crate::project::{evaluate, failure, patient};

#[tokio::test]
async fn texts_go_through_every_encoding() {
    let body = "const text = 'aé令🔑';
        return ['utf8', 'hex', 'base64', 'base64url', 'latin1', 'ascii', 'utf16le'].map((name) => Buffer.from(text).toString(name))
          .concat([Buffer.from(text, 'utf16le').toString('hex'), Buffer.from('e9ff', 'hex').toString('latin1'),
            Buffer.from('5Luk54mM', 'base64').toString(), Buffer.from('-_8', 'base64').toString('hex'), Buffer.from(' +/8= ', 'base64url').toString('hex'),
            Buffer.from('abxyz', 'hex').toString('hex'), Buffer.from('\\ud800a').toString('hex'), Buffer.from('é', 'latin1').toString('hex')])";
    assert_eq!(
        evaluate(body).await,
        json!([
            "aé令🔑",
            "61c3a9e4bba4f09f9491",
            "YcOp5Luk8J+UkQ==",
            "YcOp5Luk8J-UkQ",
            "aÃ©ä»¤ð\u{9f}\u{94}\u{91}",
            "aC)d;$p\u{1f}\u{14}\u{11}",
            String::from_utf16_lossy(&[0xc361, 0xe4a9, 0xa4bb, 0x9ff0, 0x9194]),
            // 令 is U+4EE4, 🔑 U+1F511: d83d dd11.
            "6100e900e44e3dd811dd",
            "éÿ",
            "令牌",
            "fbff",
            "fbff",
            "ab",
            "efbfbd61",
            "e9"
        ])
    );
}

#[tokio::test]
async fn buffers_are_byte_arrays() {
    let body = "const b = Buffer.from([1, 2, 3, 4]);
        const part = b.slice(1, 3); part[0] = 9;
        return [b instanceof Uint8Array, Buffer.isBuffer(b), Buffer.isBuffer(new Uint8Array(1)), Buffer.isBuffer(part), [...b], part.length,
          JSON.stringify(b), b.equals(Buffer.from([1, 9, 3, 4])), Buffer.compare(b, Buffer.from([1, 9])), Buffer.byteLength('令'), Buffer.byteLength('ff', 'hex'),
          Buffer.concat([b, Buffer.from('A')]).toString('hex'), Buffer.concat([b, b], 5).toString('hex'), Buffer.alloc(3, 'ab').toString(), new Buffer('old').toString(),
          b.indexOf(3), b.includes(7), Buffer.from('abcabc').lastIndexOf('bc'), Buffer.from('abcabc').indexOf('bc', 2), b.map((x) => x + 1) instanceof Buffer,
          Buffer.from(Buffer.from('x').toJSON()).toString(), Buffer.isEncoding('UTF-8'), Buffer.isEncoding('x')]";
    assert_eq!(
        evaluate(body).await,
        json!([
            true,
            true,
            false,
            true,
            [1, 9, 3, 4],
            2,
            "{\"type\":\"Buffer\",\"data\":[1,9,3,4]}",
            true,
            1,
            3,
            1,
            "0109030441",
            "0109030401",
            "aba",
            "old",
            2,
            false,
            4,
            4,
            true,
            "x",
            true,
            false
        ])
    );
}

#[tokio::test]
async fn numbers_are_read_and_written() {
    let body = "const b = Buffer.alloc(16);
        b.writeUInt8(255, 0); b.writeUInt16BE(0x1234, 1); b.writeUInt32LE(0xdeadbeef, 3); b.writeInt16LE(-2, 7); const end = b.writeDoubleBE(1.5, 8 );
        return [b.toString('hex'), end, b.readUInt8(0), b.readUInt16BE(1), b.readUInt32LE(3), b.readUint32LE(3), b.readInt16LE(7), b.readDoubleBE(8), b.write('hi', 1), b.toString('utf8', 1, 3)]";
    assert_eq!(
        evaluate(body).await,
        json!(["ff1234efbeaddefe3ff8000000000000", 16, 255, 0x1234, 0xdead_beef_u32, 0xdead_beef_u32, 0x3ffe, 1.5, 2, "hi"])
    );
    for body in ["Buffer.alloc(1).readUInt16LE(0)", "Buffer.alloc(1).writeUInt8(256)", "Buffer.alloc(1).readUInt8(-1)"] {
        assert!(failure(patient(), body).await.to_string().contains("out of range"), "{body}");
    }
    assert!(failure(patient(), "Buffer.from('a', 'klingon')").await.to_string().contains("Unknown encoding"));
}

#[tokio::test]
async fn the_web_s_encoders_work() {
    let body = "const bad = new Uint8Array([0x61, 0xff]);
        let fatal; try { new TextDecoder('utf-8', { fatal: true }).decode(bad) } catch (e) { fatal = e.name }
        let refused; try { atob('a') } catch (e) { refused = e.name }
        return [btoa('h\\xe9'), atob('aOk='), [...new TextEncoder().encode('é')], new TextDecoder().decode(bad), new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), fatal, refused]";
    assert_eq!(evaluate(body).await, json!(["aOk=", "hé", [195, 169], "a\u{fffd}", "a", "TypeError", "InvalidCharacterError"]));
}
