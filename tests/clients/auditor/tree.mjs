// The Merkle tree of RFC 6962, section 2.1, and its tiles (C2SP tlog-tiles).

import { createHash } from 'node:crypto';
import { demand, sameBytes } from './wrong.mjs';

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
export const leafOf = (entry) => sha256(Buffer.of(0), entry);
const nodeOf = (left, right) => sha256(Buffer.of(1), left, right);

/** Grows leaf by leaf, and remembers of itself the roots of its complete subtrees and the hashes of tiles. */
export class Tree {
  size = 0;
  levels = [[]]; // of each level of tiles, its hashes
  #roots = []; // by height; a hole where there is none

  add(leaf) {
    this.levels[0].push(leaf);
    let node = leaf;
    let height = 0;
    for (; this.#roots[height]; height++) {
      node = nodeOf(this.#roots[height], node);
      this.#roots[height] = undefined;
      if ((height + 1) % 8 === 0) (this.levels[(height + 1) / 8] ??= []).push(node);
    }
    this.#roots[height] = node;
    this.size++;
  }

  root() {
    return this.#roots.reduce((root, subtree) => (subtree ? (root ? nodeOf(subtree, root) : subtree) : root), undefined) ?? sha256();
  }
}

/** RFC 9162, section 2.1.3.2. */
export function demandIncluded(leaf, index, head, proof, what) {
  demand(index < head.size, what, 'is at', index, 'and the tree has', head.size, 'leaves');
  let [fn, sn, node] = [BigInt(index), BigInt(head.size - 1), leaf];
  for (const hash of proof) {
    demand(sn > 0n, what, 'has too long a proof');
    if (fn & 1n || fn === sn) {
      node = nodeOf(hash, node);
      while (!(fn & 1n) && fn > 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      node = nodeOf(node, hash);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  demand(sn === 0n && sameBytes(node, head.root), what, 'is not in the tree: its proof leads elsewhere');
}

/** The paths of a level's tiles below a log's prefix, each with what it holds. */
export function* tilesOf(kind, count) {
  for (let first = 0; first < count; first += 256) {
    const width = Math.min(256, count - first);
    const groups = String(first / 256).replace(/^/, '00').match(/(...)*$/)[0].match(/.../g);
    yield { first, width, path: `${kind}/${groups.map((g, i) => (i < groups.length - 1 ? `x${g}` : g)).join('/')}${width < 256 ? `.p/${width}` : ''}` };
  }
}
