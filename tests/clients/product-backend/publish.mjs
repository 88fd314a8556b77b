// A product backend: tells the consent ledger what its users decided, and waits until the ledger says that it is recorded.
// In: one command a line, {"type","subject","data","id"?,"traceparent"?}, from stdin or as arguments. Out: one answer a line.
// Exit code: 0 all recorded, 1 some refused, 2 some unanswered.

import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import amqp from 'amqplib';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    source: { type: 'string', default: 'https://shop.example/backend' },
    timeout: { type: 'string', default: '30' },
    'at-once': { type: 'string', default: '500' },
  },
});
const { AMQP_URL, TENANT } = process.env;
if (!AMQP_URL || !TENANT) {
  console.error('AMQP_URL (amqp://user:password@host:port/vhost) and TENANT are needed in the environment.');
  process.exit(64);
}

const waiting = new Map(); // command id -> subject
let refused = 0;
let wakeUp = () => {};

function print(id, rest) {
  console.log(JSON.stringify({ id, subject: waiting.get(id), ...rest }));
  waiting.delete(id);
  if (rest.outcome !== 'recorded' && rest.outcome !== 'unchanged') refused += 1;
  wakeUp();
}

const connection = await amqp.connect(AMQP_URL);
connection.on('error', (error) => {
  console.error(`The broker closed the connection: ${error.message}`);
  process.exit(2); // what was not answered may or may not be recorded; the same ids again are safe
});
const channel = await connection.createConfirmChannel();

// Answers come back under the source of the command. The queue is ours alone, and is there before the first command is.
// The exchanges are the product's: whoever may declare them may also delete them.
await channel.checkExchange('consent.commands');
await channel.checkExchange('consent.replies');
const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true });
await channel.bindQueue(queue, 'consent.replies', options.source);
await channel.consume(queue, (message) => {
  if (message === null) return;
  const { data } = JSON.parse(message.content);
  if (waiting.has(data.commandId)) {
    const { outcome, code, reason, position, version, note } = data;
    print(data.commandId, { outcome, code, reason, position, version, note });
  }
}, { noAck: true });

// A command nobody takes in comes back; the broker confirms it all the same.
channel.on('return', (message) => print(message.properties.messageId, { outcome: 'undelivered' }));

function publish(line) {
  const { id = randomUUID(), type, subject, data, traceparent } = JSON.parse(line);
  const event = {
    specversion: '1.0', id, source: options.source, type, time: new Date().toISOString(), subject, tenant: TENANT, traceparent,
    datacontenttype: 'application/json', data,
  };
  waiting.set(id, subject);
  channel.publish('consent.commands', `${TENANT}.${type}`, Buffer.from(JSON.stringify(event)), {
    contentType: 'application/cloudevents+json', persistent: true, mandatory: true, messageId: id,
  });
}

const until = (done) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error('timeout')), Number(options.timeout) * 1000);
  wakeUp = () => {
    if (!done()) return;
    clearTimeout(timer);
    wakeUp = () => {};
    resolve();
  };
  wakeUp();
});

try {
  const lines = positionals.length > 0 ? positionals : createInterface({ input: process.stdin });
  for await (const line of lines) {
    if (line.trim() === '') continue;
    publish(line);
    if (waiting.size >= Number(options['at-once'])) await until(() => waiting.size < Number(options['at-once']) / 2);
  }
  await channel.waitForConfirms();
  await until(() => waiting.size === 0);
} catch (error) {
  if (error.message !== 'timeout') throw error;
  for (const id of [...waiting.keys()]) console.log(JSON.stringify({ id, subject: waiting.get(id), outcome: 'unanswered' }));
}

await connection.close();
process.exitCode = waiting.size > 0 ? 2 : refused > 0 ? 1 : 0;
