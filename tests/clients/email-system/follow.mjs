// An e-mail system that knows who wants what: starts from a snapshot, hears what changes, repairs what it missed, and asks before each mail.
// One line of JSON for everything it hears. Each line on its standard input is a question for the gate, {"suppress":"<address>"} for an address
// that nothing goes to any more, or {"told":true} to see what it knows.

import { createInterface } from 'node:readline';
import amqp from 'amqplib';
import { addressTag } from './address-tag.mjs';
import { PreferenceService } from './preference-service.mjs';
import { Wishes } from './wishes.mjs';

const { AMQP_URL, PREFERENCE_URL, TENANT, TOKEN, ADDRESS_KEY } = process.env;
if (!AMQP_URL || !PREFERENCE_URL || !TENANT || !TOKEN || !ADDRESS_KEY) {
  console.error('AMQP_URL, PREFERENCE_URL, TENANT, TOKEN and ADDRESS_KEY (32 random bytes in base64) are needed in the environment.');
  process.exit(64);
}

const key = Buffer.from(ADDRESS_KEY, 'base64');
const say = (line) => console.log(JSON.stringify(line));
const queue = process.argv[2] ?? `email-system.${TENANT}`;
const service = new PreferenceService(PREFERENCE_URL, TOKEN);
const wishes = new Wishes();

const connection = await amqp.connect(AMQP_URL);
connection.on('error', (error) => {
  console.error(`The broker closed the connection: ${error.message}`);
  process.exit(2); // the queue keeps what was not acknowledged, and the next start begins with a snapshot
});
const channel = await connection.createChannel();

// The queue first: what is published while the snapshot is read waits in it, and what is in both is passed over.
await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true } });
for (const types of ['marketing.#', 'subject.#']) await channel.bindQueue(queue, 'marketing.events', types);
await service.start(wishes);

let turn = Promise.resolve(); // one message after the other
await channel.prefetch(100);
await channel.consume(queue, (message) => {
  turn = turn.then(async () => {
    const event = JSON.parse(message.content);
    if (event.tenant === TENANT) {
      if (wishes.lacks(event)) await service.catchUp(wishes, say);
      if (wishes.apply(event)) say(event);
    }
    channel.ack(message);
  });
});
console.error(`listening on ${queue} from position ${wishes.position}`);

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  if (question.told) await (turn = turn.then(() => say({ position: wishes.position, told: wishes.told() })));
  else if (question.suppress) {
    const tag = addressTag(key, question.suppress);
    await service.suppress(tag, 'hard-bounce');
    say({ suppressed: tag });
  } else say(await service.ask(question));
}
await turn;
await channel.close();
await connection.close();
