// An auditor with nothing of the operator's but what anybody is given: checks a served log, an export folder, a subject bundle or a receipt.
// Written from the format texts; shares no line with the services. One JSON object on standard output.
// Exit code: 0 it holds, 1 something is wrong with the ledger, 2 the question is wrong or nobody answered.
//
//   node verify.mjs --key VKEY [--key VKEY ...] [--quorum N] [--since OLD.checkpoint] http://host/log/tenant | folder | bundle.json | receipt
//
// TOKEN in the environment is the bearer token for entries and facts. Without one, a served log is checked by its tiles only.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { demandFacts, demandSealed, Streams } from './entries.mjs';
import { isReceipt, openCheckpoint, readKey, readReceipt } from './notes.mjs';
import { demandIncluded, leafOf, tilesOf, Tree } from './tree.mjs';
import { base64, demand, sameBytes, Wrong } from './wrong.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    key: { type: 'string', multiple: true, default: [] }, // the log's and the witnesses'
    quorum: { type: 'string', default: '0' }, // how many of those witnesses must have cosigned
    since: { type: 'string' }, // a checkpoint seen earlier: the log must still begin with it
  },
});

/** What there is to check, wherever it lies. */
function open(source) {
  if (!/^https?:/.test(source)) return { complete: true, read: (path) => readFile(join(source, path)) };
  const { TOKEN } = process.env;
  const headers = TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {};
  return {
    complete: Boolean(TOKEN),
    async read(path) {
      const answer = await fetch(`${source.replace(/\/$/, '')}/${path}`, { headers });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return Buffer.from(await answer.arrayBuffer());
    },
  };
}

async function verifyLog(log, keys, quorum) {
  const head = openCheckpoint(await log.read('checkpoint'), keys, quorum);
  const since = options.since && openCheckpoint(await readFile(options.since), keys, 0);
  if (since) {
    demand(since.origin === head.origin, 'the earlier checkpoint is of another log,', since.origin);
    demand(since.size <= head.size, 'the log shrank from', since.size, 'to', head.size, 'leaves');
  }

  const tree = new Tree();
  const streams = new Streams();
  const counts = { entries: 0, facts: 0, purged: 0 };
  const add = (leaf) => {
    if (tree.size === since?.size) demandRoot(tree, since, 'the earlier checkpoint is not the beginning of this log');
    tree.add(leaf);
  };

  if (log.complete) {
    for (const bundle of tilesOf('tile/entries', head.size)) {
      const entries = splitBundle(await log.read(bundle.path), bundle);
      const facts = (await log.read(bundle.path.replace('tile/entries', 'facts'))).toString().split('\n');
      demand(facts.pop() === '' && facts.length === bundle.width, bundle.path, 'has', bundle.width, 'entries and', facts.length, 'facts');
      entries.forEach((bytes, i) => {
        const where = `entry ${bundle.first + i}`;
        const entry = streams.follow(bytes, where);
        const told = readFacts(facts[i], where);
        demand(told.position === bundle.first + i, where, 'is told the facts of', told.position);
        if (told.purged !== true) demandFacts(entry, told, where);
        counts[told.purged === true ? 'purged' : 'facts']++;
        counts.entries++;
        add(leafOf(bytes));
      });
    }
  } else {
    for (const tile of tilesOf('tile/0', head.size)) splitTile(await log.read(tile.path), tile).forEach(add);
  }
  if (tree.size === since?.size) demandRoot(tree, since, 'the earlier checkpoint is not the beginning of this log');
  demandRoot(tree, head, log.complete ? 'the entries do not make the tree that was signed' : 'the tiles do not make the tree that was signed');

  // What others are given proofs from has to be this tree too.
  for (let level = 0; level < tree.levels.length; level++) {
    for (const tile of tilesOf(`tile/${level}`, tree.levels[level].length)) {
      const hashes = splitTile(await log.read(tile.path), tile);
      hashes.forEach((hash, i) => demand(sameBytes(hash, tree.levels[level][tile.first + i]), tile.path, 'has another hash at', i, 'than the entries make'));
    }
  }
  return { ...told(head), ...counts, streams: streams.count };
}

function verifyBundle(bundle, keys, quorum) {
  demand(bundle.format === 'consentledger-subject/1', 'the bundle is of no known format');
  const head = openCheckpoint(Buffer.from(bundle.checkpoint), keys, quorum);
  demand(head.origin === bundle.origin, 'the bundle is said to be of', bundle.origin, 'and its checkpoint of', head.origin);
  const streams = new Streams();
  const subject = bundle.subject.replaceAll('-', '');
  const counts = { entries: 0, facts: 0, purged: 0, opened: 0 };
  let position = -1;
  for (const part of bundle.entries) {
    const where = `entry ${part.position}`;
    demand(part.position > position, where, 'is not in the order of the log');
    position = part.position;
    const bytes = base64(part.entry, where);
    const entry = streams.follow(bytes, where);
    demand(entry.stream === subject, where, 'is of another subject');
    demandIncluded(leafOf(bytes), part.position, head, part.proof.map((hash) => base64(hash, `the proof of ${where}`)), where);
    if (part.salt !== undefined) demandFacts(entry, part, where);
    counts[part.salt === undefined ? 'purged' : 'facts']++;
    if (part.envelope !== undefined && demandSealed(entry, part, where)) counts.opened++;
    counts.entries++;
  }
  return { ...told(head), ...counts };
}

function verifyReceipt(bytes, keys, quorum) {
  const receipt = readReceipt(bytes);
  const head = openCheckpoint(receipt.checkpoint, keys, quorum);
  demandIncluded(leafOf(receipt.extra), receipt.index, head, receipt.proof, `entry ${receipt.index}`);
  return { ...told(head), entries: 1, index: receipt.index };
}

function demandRoot(tree, head, otherwise) {
  demand(sameBytes(tree.root(), head.root), otherwise);
}

function splitBundle(bytes, { path, width }) {
  const entries = [];
  for (let at = 0; at < bytes.length; ) {
    demand(bytes.length - at >= 2 && bytes.length - at - 2 >= bytes.readUInt16BE(at), path, 'ends within an entry');
    entries.push(bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at)));
    at += 2 + bytes.readUInt16BE(at);
  }
  demand(entries.length === width, path, 'has', entries.length, 'entries and not', width);
  return entries;
}

function splitTile(bytes, { path, width }) {
  demand(bytes.length === 32 * width, path, 'has', bytes.length, 'bytes and not', 32 * width);
  return Array.from({ length: width }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
}

function readFacts(line, where) {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new Wrong(`the facts of ${where} are no JSON: ${error.message}`);
  }
}

const told = ({ origin, size, root, witnesses }) => ({ origin, size, root: root.toString('base64'), witnesses });

async function verify([source, ...more], keys, quorum) {
  if (!source || more.length > 0 || keys.length === 0) throw new Error('Name one log, folder, bundle or receipt, and with --key whom to believe.');
  if (/^https?:/.test(source) || (await stat(source)).isDirectory()) return verifyLog(open(source), keys, quorum);
  const bytes = await readFile(source);
  return isReceipt(bytes) ? verifyReceipt(bytes, keys, quorum) : verifyBundle(JSON.parse(bytes), keys, quorum);
}

try {
  console.log(JSON.stringify({ holds: true, ...(await verify(positionals, options.key.map(readKey), Number(options.quorum))) }));
} catch (error) {
  console.log(JSON.stringify({ holds: error instanceof Wrong ? false : null, why: error.message }));
  process.exitCode = error instanceof Wrong ? 1 : 2;
}
