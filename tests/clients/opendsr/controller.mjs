// A controller: submits one request to an OpenDSR processor, believes nothing unsigned, waits for callbacks until it is completed, and fetches the results where there are any.
//   TOKEN=… TYPE=erasure node opendsr/controller.mjs https://opendsr.example.com person@example.org [subject_request_id]
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { call, read, say, verify } from './signed.mjs';

const [base, address, id = randomUUID()] = process.argv.slice(2);
const token = process.env.TOKEN;
const domain = new URL(base).hostname;

const discovery = JSON.parse((await call('GET', `${base}/v2/discovery`)).body);
const certificate = (await call('GET', discovery.processor_certificate)).body;
say({ discovered: discovery });

const callbacks = createServer(async (incoming, answer) => {
  const body = await read(incoming);
  try {
    verify(certificate, body, incoming.headers, domain);
    const callback = JSON.parse(body);
    if (callback.status_callback_url !== url || callback.subject_request_id !== id) throw new Error('a callback of somebody else');
    answer.writeHead(202).end();
    say({ callback });
    if (callback.request_status !== 'completed') return;
    callbacks.close();
    if (!callback.results_url) return;
    const fetched = await call('GET', callback.results_url, { token });
    verify(certificate, fetched.body, fetched.headers, domain);
    say({ results: { status: fetched.status, data: JSON.parse(fetched.body) } });
  } catch (wrong) {
    if (!answer.headersSent) answer.writeHead(403).end();
    say({ refused: wrong.message });
  }
});
await new Promise((listening) => callbacks.listen(Number(process.env.PORT ?? 0), '127.0.0.1', listening));
const url = `http://localhost:${callbacks.address().port}/opendsr/callbacks`;

const body = JSON.stringify({
  regulation: 'gdpr',
  subject_request_id: id,
  subject_request_type: process.env.TYPE ?? 'erasure',
  submitted_time: new Date().toISOString(),
  subject_identities: [{ identity_type: 'email', identity_value: address, identity_format: 'raw' }],
  api_version: '2.0',
  status_callback_urls: [url],
});
const receipt = await call('POST', `${base}/v2/requests`, { body, token });
if (receipt.status !== 201) {
  say({ refused: receipt.status, why: receipt.body.toString() });
  process.exit(1);
}
verify(certificate, receipt.body, receipt.headers, domain);
const { encoded_request: encoded, ...received } = JSON.parse(receipt.body);
if (Buffer.from(encoded, 'base64').toString() !== body || received.subject_request_id !== id) throw new Error('it signed for something else');
say({ received });

const status = await call('GET', `${base}/v2/requests/${id}`, { token });
verify(certificate, status.body, status.headers, domain);
say({ status: JSON.parse(status.body) });
