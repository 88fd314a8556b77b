// What an entry says, and what it commits to. An entry, big-endian:
// "CLE1" | type u8 | stream 16 | version u64 | recorded_ms i64 | previous leaf 32 | key id 16 | facts 32 | sealed_hash 32 | sealed_commit 32 | length u16 | extension

import { createDecipheriv, createHmac } from 'node:crypto';
import { leafOf, sha256 } from './tree.mjs';
import { base64, demand, sameBytes } from './wrong.mjs';

const ErasureRequested = 3;
const KeyDestroyed = 4;
const ContentsPurged = 5;
const nothing = (bytes) => bytes.every((b) => b === 0);

function readEntry(bytes, where) {
  demand(bytes.length >= 183 && bytes.length === 183 + bytes.readUInt16BE(181), where, 'has another length than it says');
  const entry = {
    magic: bytes.toString('latin1', 0, 4), type: bytes[4], stream: bytes.toString('hex', 5, 21), version: Number(bytes.readBigUInt64BE(21)), recordedMs: Number(bytes.readBigInt64BE(29)),
    previous: bytes.subarray(37, 69), keyId: bytes.subarray(69, 85), facts: bytes.subarray(85, 117), sealedHash: bytes.subarray(117, 149), sealedCommit: bytes.subarray(149, 181),
    bound: Buffer.concat([bytes.subarray(0, 29), bytes.subarray(69, 85)]), // "CLE1" | type | stream | version | key id
  };
  demand(entry.magic === 'CLE1' && entry.type >= 1 && entry.type <= 6, where, 'is of no known format');
  demand(entry.version >= 1 && entry.recordedMs >= 0, where, 'has no such version or time');
  demand(nothing(entry.sealedHash) === nothing(entry.sealedCommit), where, 'commits to half a sealed part');
  return entry;
}

/** Follows streams from entry to entry: each continues its last, time never runs backwards, nothing comes after an erasure under the erased key. */
export class Streams {
  #last = new Map();
  #erased = new Set();
  #recordedMs = 0;

  get count() {
    return this.#last.size;
  }

  follow(bytes, where) {
    const entry = readEntry(bytes, where);
    const last = this.#last.get(entry.stream) ?? { version: 0, leaf: Buffer.alloc(32) };
    demand(entry.version === last.version + 1, where, 'has version', entry.version, 'of its stream, after', last.version);
    demand(sameBytes(entry.previous, last.leaf), where, 'does not follow its stream\'s last entry');
    demand(entry.recordedMs >= this.#recordedMs, where, 'was recorded before the entry before it');
    const key = `${entry.stream}/${entry.keyId.toString('hex')}`;
    demand(!this.#erased.has(key) || entry.type === KeyDestroyed || entry.type === ContentsPurged, where, 'comes after the erasure of its subject, under the erased key');
    if (entry.type === ErasureRequested && !nothing(entry.keyId)) this.#erased.add(key);
    this.#recordedMs = entry.recordedMs;
    this.#last.set(entry.stream, { version: entry.version, leaf: leafOf(bytes) });
    return entry;
  }
}

/** SHA-256(salt | canonical {"data": …, "type": …}) */
export function demandFacts(entry, { salt, type, data }, where) {
  const salted = base64(salt, `the salt of ${where}`);
  demand(salted.length === 32, 'the salt of', where, 'is not of 32 bytes');
  demand(sameBytes(sha256(salted, canonical({ data, type })), entry.facts), 'the facts of', where, 'are not those committed to');
}

/** Opens a sealed part with the two keys of its event, and compares it with what the operator says is in it. */
export function demandSealed(entry, { envelope, okm, evidence }, where) {
  const sealed = base64(envelope, `the envelope of ${where}`);
  demand(sameBytes(sha256(sealed), entry.sealedHash), 'the envelope of', where, 'is not the one committed to');
  if (okm === undefined) return false;

  const keys = base64(okm, `the keys of ${where}`);
  demand(sealed[0] === 1 && sealed.length >= 49 && keys.length === 64, 'the envelope of', where, 'or its keys are of no known format');
  const opening = createDecipheriv('aes-256-gcm', keys.subarray(0, 32), Buffer.alloc(12));
  opening.setAAD(entry.bound);
  opening.setAuthTag(sealed.subarray(-16));
  let padded;
  try {
    padded = Buffer.concat([opening.update(sealed.subarray(33, -16)), opening.final()]);
  } catch {
    demand(false, 'the envelope of', where, 'does not open under the keys that were given'); // nothing else is thrown for other keys or bits
  }
  demand(sameBytes(createHmac('sha256', keys.subarray(32)).update(padded).digest(), entry.sealedCommit), 'what was sealed in', where, 'is not what was committed to');
  const end = padded.lastIndexOf(0x80);
  demand(end >= 0 && nothing(padded.subarray(end + 1)) && padded.length === (Math.floor(end / 128) + 1) * 128, 'what was sealed in', where, 'is not padded as it must be');
  if (evidence !== undefined) demand(canonical(JSON.parse(padded.subarray(0, end))) === canonical(evidence), 'the evidence told of', where, 'is not what was sealed');
  return true;
}

/** RFC 8785: members by their names' UTF-16 units, numbers and strings as ECMAScript writes them. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}
