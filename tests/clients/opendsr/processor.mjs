// A processor: takes requests from an OpenDSR controller, forgets the person or has a copy ready at once, and calls back, signed.
//   node opendsr/processor.mjs certificate.pem key.pem
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { read, say, sign } from './signed.mjs';

const [certificate, key] = process.argv.slice(2).map((file) => readFileSync(file));
const requests = new Map();
const time = (ms = Date.now()) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

const server = createServer(async (incoming, answer) => {
  const body = await read(incoming);
  const [, version, what, id] = incoming.url.split('/');
  const give = (code, content) => {
    const bytes = Buffer.from(JSON.stringify(content));
    answer.writeHead(code, { 'content-type': 'application/json', 'X-OpenDSR-Processor-Domain': 'localhost', 'X-OpenDSR-Signature': sign(key, bytes) }).end(bytes);
  };
  if (incoming.url === '/cert.pem') return answer.writeHead(200).end(certificate);
  if (version !== 'v2') return give(400, { error: { code: 400, message: 'v2 only' } });
  if (what === 'discovery')
    return give(200, {
      api_version: '2.0',
      supported_identities: [{ identity_type: 'email', identity_format: 'sha256' }],
      supported_subject_request_types: ['access', 'erasure'],
      processor_certificate: `http://localhost:${server.address().port}/cert.pem`,
    });
  if (incoming.method === 'POST' && what === 'requests') {
    const asked = JSON.parse(body);
    const copy = asked.subject_request_type === 'access' ? { results_url: `http://localhost:${server.address().port}/copies/${asked.subject_request_id}`, results_count: 2 } : {};
    const state = { ...copy, controller_id: 'a-controller', expected_completion_time: time(Date.now() + 86_400_000), subject_request_id: asked.subject_request_id };
    requests.set(asked.subject_request_id, state);
    say({ asked: { type: asked.subject_request_type, identities: asked.subject_identities } });
    const { results_url: _url, results_count: _count, ...receipt } = state;
    give(201, { ...receipt, received_time: time(), encoded_request: body.toString('base64') });
    for (const url of asked.status_callback_urls ?? []) await tell(url, state);
    return undefined;
  }
  const state = requests.get(id);
  return state ? give(200, { ...state, request_status: 'completed', api_version: '2.0' }) : give(404, { error: { code: 404 } });
});

async function tell(url, state) {
  const body = Buffer.from(JSON.stringify({ ...state, status_callback_url: url, request_status: 'completed' }));
  const target = new URL(process.env.CALLBACK_VIA ? url.replace(new URL(url).origin, process.env.CALLBACK_VIA) : url);
  const forged = await callSigned(target, body, sign(key, Buffer.from('{}')));
  const taken = await callSigned(target, body, sign(key, body));
  say({ told: { forged, taken } });
}

function callSigned(url, body, signature) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', headers: { 'content-type': 'application/json', 'X-OpenDSR-Processor-Domain': 'localhost', 'X-OpenDSR-Signature': signature } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => say({ listening: `http://localhost:${server.address().port}` }));
