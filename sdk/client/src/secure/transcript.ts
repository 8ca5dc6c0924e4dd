import { concat, utf8, type Bytes } from '../bytes.js';

/** The open protocol, version 1. */
export const PROTOCOL = 'lingpai-sn1';
/** `v` on the wire. */
export const VERSION = 1;

/** A field of a transcript; texts count as UTF-8, numbers as decimal text. */
export type Field = string | number | Uint8Array;

/**
 * One encoding for everything that is signed, derived or authenticated: label and fields, each after its length as four
 * bytes big-endian, so that no two lists give the same bytes.
 */
export function encode(label: string, ...fields: Field[]): Bytes {
  const parts: Uint8Array[] = [];
  for (const field of [label, ...fields]) {
    const bytes = field instanceof Uint8Array ? field : utf8(String(field));
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    parts.push(length, bytes);
  }
  return concat(...parts);
}

/** {@link encode} with `lingpai-sn1 <purpose>` as the label. */
export function encodeFor(purpose: string, ...fields: Field[]): Bytes {
  return encode(`${PROTOCOL} ${purpose}`, ...fields);
}
