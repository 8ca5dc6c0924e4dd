// TextEncoder and TextDecoder (UTF-8, UTF-16LE and Latin-1).
class TextEncoder {
  get encoding() {
    return 'utf-8';
  }
  encode(text = '') {
    return native.utf8Encode(String(text).toWellFormed());
  }
  encodeInto(text, target) {
    let read = 0;
    let written = 0;
    for (const character of String(text).toWellFormed()) {
      const bytes = native.utf8Encode(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}

const LABELS = {
  'utf-8': 'utf-8', 'utf8': 'utf-8', 'unicode-1-1-utf-8': 'utf-8',
  'utf-16le': 'utf-16le', 'utf-16': 'utf-16le', 'ucs-2': 'utf-16le',
  'latin1': 'latin1', 'iso-8859-1': 'latin1', 'ascii': 'latin1', 'us-ascii': 'latin1',
};

class TextDecoder {
  constructor(label = 'utf-8', options = {}) {
    this.encoding = LABELS[String(label).trim().toLowerCase()];
    if (this.encoding === undefined) throw new RangeError(`The "${label}" encoding is not supported`);
    this.fatal = Boolean(options.fatal);
    this.ignoreBOM = Boolean(options.ignoreBOM);
  }
  decode(input) {
    const { Buffer } = require('buffer');
    if (input === undefined) return '';
    const bytes = ArrayBuffer.isView(input) ? Buffer.from(input.buffer, input.byteOffset, input.byteLength) : Buffer.from(input);
    let text;
    if (this.encoding === 'utf-8') {
      if (this.fatal && !native.isUtf8(native.pack(bytes))) {
        throw Object.assign(new TypeError('The encoded data was not valid for encoding utf-8'), { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' });
      }
      text = bytes.toString('utf8');
    } else text = bytes.toString(this.encoding);
    return !this.ignoreBOM && this.encoding !== 'latin1' && text.startsWith('\ufeff') ? text.slice(1) : text;
  }
}

module.exports = { TextEncoder, TextDecoder };
