// The ledger is not what it says it is. Everything else that is thrown means that the question could not be answered.

export class Wrong extends Error {}

export function demand(holds, ...what) {
  if (!holds) throw new Wrong(what.join(' '));
}

export const sameBytes = (one, other) => Buffer.compare(one, other) === 0;

/** Standard base64 in its one form. */
export function base64(text, what) {
  const bytes = Buffer.from(String(text), 'base64');
  demand(bytes.toString('base64') === text, what, 'is not base64');
  return bytes;
}
