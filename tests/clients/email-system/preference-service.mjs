// The preference service over HTTP: what to start from, what was missed, and whether a mail may go out now.

import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

const page = 1000;

export class PreferenceService {
  #url;
  #headers;

  // A bearer token with the scopes preferences:follow, send:decide and address:write.
  constructor(url, token) {
    this.#url = url.replace(/\/$/, '');
    this.#headers = { Authorization: `Bearer ${token}` };
  }

  // Line by line, so its size does not matter.
  async start(wishes) {
    let last = {};
    for await (const line of this.#lines('/v1/preferences/snapshot')) wishes.start((last = line));
    if (last.subjects === undefined) throw new Error('The snapshot was cut off: its last line is missing.');
  }

  // All that was recorded until now, page by page, without the broker. A page that is not full was the last when it was read.
  // What comes after it the broker brings; to wait for a moment in which nothing comes may be to wait for ever.
  async catchUp(wishes, heard) {
    for (let read = page; read === page; ) {
      read = 0;
      for await (const event of this.#lines(`/v1/preferences/changes?after=${wishes.position}&limit=${page}`)) {
        read += 1;
        if (wishes.apply(event)) heard(event);
      }
    }
  }

  // "May I send this now?", right before each mail. No answer is a no.
  async ask(question) {
    try {
      const answer = await fetch(`${this.#url}/v1/send-decisions`, {
        method: 'POST',
        headers: { ...this.#headers, 'Content-Type': 'application/json' },
        body: JSON.stringify(question),
      });
      return answer.ok ? await answer.json() : { allowed: false, rule: `status ${answer.status}` };
    } catch {
      return { allowed: false, rule: 'no-answer' };
    }
  }

  // Nothing more to this address, whoever has it, until somebody releases it. The same again is harmless.
  async suppress(tag, method) {
    const answer = await fetch(`${this.#url}/v1/addresses/${tag}/suppressions`, {
      method: 'POST',
      headers: { ...this.#headers, 'Content-Type': 'application/json' },
      body: JSON.stringify({ occurredAt: new Date().toISOString(), actor: 'agent', method }),
    });
    if (!answer.ok) throw new Error(`The suppression was answered with ${answer.status}`);
  }

  async *#lines(path) {
    const answer = await fetch(this.#url + path, { headers: this.#headers });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    for await (const line of createInterface({ input: Readable.fromWeb(answer.body), crlfDelay: Infinity })) yield JSON.parse(line);
  }
}
