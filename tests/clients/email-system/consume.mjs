// An e-mail system: hears who unsubscribed (and who came back) and would now stop sending. One line an event.
// Its queue is durable: what happens while it is down waits for it. Exit code: 0 heard enough, 2 ran out of time.

import { parseArgs } from 'node:util';
import amqp from 'amqplib';

const { values: options } = parseArgs({
  options: {
    queue: { type: 'string' },
    count: { type: 'string' }, // end after so many events
    until: { type: 'string' }, // end after an event whose line contains this
    timeout: { type: 'string', default: '0' }, // seconds; 0 listens for ever
  },
});
const { AMQP_URL, TENANT } = process.env;
if (!AMQP_URL || !TENANT) {
  console.error('AMQP_URL (amqp://user:password@host:port/vhost) and TENANT are needed in the environment.');
  process.exit(64);
}

const queue = options.queue ?? `email-system.${TENANT}`;
const lastPlaces = new Map(); // subject -> streamversion; a real one keeps it in the transaction that stops the mail
let heard = 0;

const connection = await amqp.connect(AMQP_URL);
connection.on('error', (error) => {
  console.error(`The broker closed the connection: ${error.message}`);
  process.exit(2); // the queue keeps what was not acknowledged
});
const channel = await connection.createChannel();
await channel.checkExchange('marketing.events'); // the product's: whoever may declare it may also delete it
await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true } });
for (const types of ['marketing.#', 'subject.#']) await channel.bindQueue(queue, 'marketing.events', types);
await channel.prefetch(20);

const end = async (exitCode) => {
  process.exitCode = exitCode;
  await channel.close(); // what was taken and not acknowledged goes back to the queue
  await connection.close();
};
const timer = Number(options.timeout) > 0 ? setTimeout(() => end(2), Number(options.timeout) * 1000) : undefined;
process.once('SIGTERM', () => end(0));
process.once('SIGINT', () => end(0));

let ended = false;
await channel.consume(queue, (message) => {
  if (message === null || ended) return;
  const event = JSON.parse(message.content);
  const { id, type, time, subject, tenant, position, streamversion, traceparent, data } = event;

  // Every event comes at least once: a version we have is a repeat. What is about an address names no subject, and each address counts versions of its own: there the position
  // says what is new. Other tenants' events are not ours.
  const [counted, place] = subject === undefined ? ['addresses', position] : [subject, streamversion];
  if (tenant === TENANT && !(place <= lastPlaces.get(counted))) {
    lastPlaces.set(counted, place);
    const line = JSON.stringify({
      id, type, time, subject, tenant, position, streamversion, traceparent,
      headers: { traceparent: message.properties.headers?.traceparent }, data,
    });
    console.log(line);
    heard += 1;
    ended = (options.count !== undefined && heard >= Number(options.count)) || (options.until !== undefined && line.includes(options.until));
  }
  channel.ack(message);
  if (ended) {
    clearTimeout(timer);
    end(0);
  }
});
console.error(`listening on ${queue}`);
