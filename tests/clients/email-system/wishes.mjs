// Who wants what, as of a position. A real e-mail system keeps it in its database, the position in the same transaction; then nothing is ever
// applied twice, whatever comes twice.

export class Wishes {
  position = -1; // the last event that is in here
  #subjects = new Map(); // subject -> Map of "topic channel" -> wanted
  #suppressed = new Set(); // address tags

  // Every line of a snapshot, in order. What was known before is replaced by it, and not added to.
  start(line) {
    if (line.subject) for (const { topic, channel, state } of line.preferences) this.#set(line.subject, topic, channel, state === 'subscribed');
    else if (line.addressTag) this.#suppressed.add(line.addressTag);
    else if (line.tenant) {
      this.#subjects.clear();
      this.#suppressed.clear();
      this.position = line.position;
    }
  }

  // Positions have no gaps. One that was passed over is a message that was lost.
  lacks(event) {
    return event.position > this.position + 1;
  }

  // False for what is known already: every message comes at least once.
  apply({ type, subject, position, data }) {
    if (position <= this.position) return false;
    switch (type) {
      case 'marketing.subscribed.v1':
      case 'marketing.resubscribed.v1':
        this.#set(subject, data.topic, data.channel, true);
        break;
      case 'marketing.unsubscribed.v1':
        this.#set(subject, data.topic, data.channel, false);
        break;
      case 'marketing.suppressed.v1':
        this.#suppressed.add(data.addressTag);
        break;
      case 'marketing.released.v1':
        this.#suppressed.delete(data.addressTag);
        break;
      case 'subject.erasure-started.v1':
      case 'subject.erased.v1':
        this.#subjects.delete(subject);
        break;
    }
    this.position = position;
    return true;
  }

  // Everything, one line each, in order: to look at, and to compare.
  told() {
    const lines = [...this.#suppressed].map((tag) => `${tag} suppressed`);
    for (const [subject, wishes] of this.#subjects)
      for (const [lane, wanted] of wishes) lines.push(`${subject} ${lane} ${wanted ? 'subscribed' : 'unsubscribed'}`);
    return lines.sort();
  }

  #set(subject, topic, channel, wanted) {
    if (!this.#subjects.has(subject)) this.#subjects.set(subject, new Map());
    this.#subjects.get(subject).set(`${topic} ${channel}`, wanted);
  }
}
