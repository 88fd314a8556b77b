// The e-mail system as a server: hears unsubscribes as consume.mjs does, and sends newsletters, asking before each mail whether it may go out.
// POST /newsletters {"topic": "...", "recipients": [{"subject": "<uuid>", "address": "..."}]} -> one line a recipient: sent, or withheld and why.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { createInterface } from 'node:readline';

const { AMQP_URL_FILE, TENANT, PREFERENCE_URL, TOKENS_DIR, SMTP_HOST = 'mailbox', SMTP_PORT = '2525', HTTP_PORT = '8080' } = process.env;
if (AMQP_URL_FILE) process.env.AMQP_URL = (await readFile(AMQP_URL_FILE, 'utf8')).trim();
await import('./consume.mjs');

const decide = async (subject, topic, deliveryId) => {
  const token = (await readFile(`${TOKENS_DIR}/${TENANT}.email`, 'utf8')).trim(); // renewed now and then
  const answer = await fetch(`${PREFERENCE_URL}/v1/send-decisions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ subject, topic, channel: 'email', deliveryId }),
  });
  // No answer is a no.
  return answer.ok ? answer.json() : { allowed: false, rule: `status ${answer.status}` };
};

const mail = async (address, lines) => {
  const socket = net.connect(Number(SMTP_PORT), SMTP_HOST);
  await once(socket, 'connect');
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  const expect = async (code) => {
    const { value = '' } = await answers.next();
    if (!value.startsWith(code)) throw new Error(`SMTP: ${value}`);
  };
  const say = (line, code) => {
    socket.write(`${line}\r\n`);
    return expect(code);
  };
  await expect('220');
  await say('EHLO email-system', '250');
  await say('MAIL FROM:<newsletter@email-system.example>', '250');
  await say(`RCPT TO:<${address}>`, '250');
  await say('DATA', '354');
  await say(`${lines.join('\r\n')}\r\n.`, '250');
  socket.end('QUIT\r\n');
};

const send = async ({ subject, address }, topic) => {
  if (!/^[^\s<>@]+@[^\s<>@]+$/.test(address)) return { subject, sent: false, rule: 'no address' };
  const decision = await decide(subject, topic, randomUUID());
  if (!decision.allowed) return { subject, sent: false, rule: decision.rule ?? decision.code };
  const unsubscribe = decision.listUnsubscribe
    ? [`List-Unsubscribe: ${decision.listUnsubscribe}`, `List-Unsubscribe-Post: ${decision.listUnsubscribePost}`]
    : [];
  await mail(address, [`From: newsletter@email-system.example`, `To: ${address}`, `Subject: ${topic.replace(/[^\w -]/g, '')}`, ...unsubscribe, '', 'What is new this week.']);
  return { subject, sent: true };
};

const server = http.createServer(async (request, response) => {
  try {
    if (request.method !== 'POST' || request.url !== '/newsletters') return response.writeHead(404).end();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { topic, recipients } = JSON.parse(Buffer.concat(chunks).toString());
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    for (const recipient of recipients) response.write(`${JSON.stringify(await send(recipient, topic))}\n`);
    response.end();
  } catch (error) {
    if (!response.headersSent) response.writeHead(error instanceof SyntaxError || error instanceof TypeError ? 400 : 502);
    response.end();
  }
});
server.listen(Number(HTTP_PORT));
const end = () => server.close();
process.once('SIGTERM', end);
process.once('SIGINT', end);
