// Signed notes, checkpoints, cosignatures and receipts, from the texts of C2SP: signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof.

import { createHash, createPublicKey, verify } from 'node:crypto';
import { base64, demand, sameBytes } from './wrong.mjs';

const Ed25519 = 1;
const CosignatureV1 = 4;
const decimal = /^(0|[1-9][0-9]*)$/;

/** name+id+base64(type | public key) */
export function readKey(text) {
  const [name, id, ...rest] = text.trim().split('+');
  const material = Buffer.from(rest.join('+'), 'base64');
  const [type] = material;
  const own = keyId(name, material);
  if (![Ed25519, CosignatureV1].includes(type) || material.length !== 33 || id !== own.toString('hex')) throw new Error(`No verifier key: ${text}`);
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), material.subarray(1)]);
  return { name, id: own, type, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

/** The head that a log signed and enough witnesses cosigned. */
export function openCheckpoint(bytes, keys, quorum) {
  const end = bytes.lastIndexOf('\n\n') + 1;
  demand(end > 0, 'the checkpoint is no note');
  const text = bytes.subarray(0, end);
  const lines = bytes.subarray(end + 1).toString().split('\n');
  demand(lines.pop() === '', 'the checkpoint ends within a line');

  const [origin, size, root, ...extensions] = text.toString().slice(0, -1).split('\n');
  demand(origin && decimal.test(size) && root && !extensions.includes(''), 'the checkpoint is not an origin, a size and a root');
  const head = { origin, size: Number(size), root: base64(root, 'the root'), witnesses: 0 };
  demand(Number.isSafeInteger(head.size) && head.root.length === 32, 'the checkpoint has no such size or root');

  const signed = new Set();
  for (const line of lines) {
    const [dash, name, signature, ...more] = line.split(' ');
    demand(dash === '—' && name && more.length === 0, 'a signature line is none:', line);
    const blob = base64(signature, 'a signature');
    for (const key of keys.filter((k) => k.name === name && sameBytes(k.id, blob.subarray(0, 4)))) {
      demand(holds(key, text, blob.subarray(4)), 'the signature of', name, 'is not over this checkpoint');
      signed.add(key);
    }
  }
  const logs = [...signed].filter((k) => k.type === Ed25519 && k.name === origin);
  head.witnesses = [...signed].filter((k) => k.type === CosignatureV1).length;
  demand(logs.length > 0, 'no trusted key of', origin, 'signed the checkpoint');
  demand(head.witnesses >= quorum, head.witnesses, 'trusted witnesses cosigned, and not', quorum);
  return head;
}

/** c2sp.org/tlog-proof@v1 */
export function readReceipt(bytes) {
  const end = bytes.indexOf('\n\n');
  const lines = bytes.subarray(0, end).toString().split('\n');
  demand(end > 0 && lines.shift() === 'c2sp.org/tlog-proof@v1', 'no receipt');
  const extra = lines[0]?.startsWith('extra ') ? base64(lines.shift().slice('extra '.length), 'the extra data') : Buffer.alloc(0);
  const [label, index] = (lines.shift() ?? '').split(' ');
  demand(label === 'index' && decimal.test(index), 'the receipt names no index');
  return { extra, index: Number(index), proof: lines.map((line) => base64(line, 'a hash of the proof')), checkpoint: bytes.subarray(end + 2) };
}

export const isReceipt = (bytes) => bytes.subarray(0, 16).toString() === 'c2sp.org/tlog-pr';

function keyId(name, material) {
  return createHash('sha256').update(name).update('\n').update(material).digest().subarray(0, 4);
}

function holds(key, text, signature) {
  if (key.type === Ed25519) return signature.length === 64 && verify(null, text, key.key, signature);
  if (signature.length !== 72) return false;
  const message = Buffer.concat([Buffer.from(`cosignature/v1\ntime ${signature.readBigUInt64BE()}\n`), text]);
  return verify(null, message, key.key, signature.subarray(8));
}
