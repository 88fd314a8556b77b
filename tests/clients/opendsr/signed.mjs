// What both sides of OpenDSR 2.0 share: RSA signatures with SHA-256 over bodies as they went over the wire. Written from the specification.
import { X509Certificate, createSign, createVerify } from 'node:crypto';
import { request } from 'node:http';

export const sign = (key, body) => createSign('RSA-SHA256').update(body).sign(key, 'base64');

export function verify(certificate, body, headers, domain) {
  const signedFor = headers['x-opendsr-processor-domain'];
  if (signedFor !== domain) throw new Error(`signed for ${signedFor}, not for ${domain}`);
  const holds = createVerify('RSA-SHA256').update(body).verify(new X509Certificate(certificate).publicKey, headers['x-opendsr-signature'] ?? '', 'base64');
  if (!holds) throw new Error('the signature does not hold');
}

export function call(method, url, { body, token } = {}) {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json' };
    if (body) Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    if (token) headers.authorization = `Bearer ${token}`;
    const asked = request(url, { method, headers }, (answer) => read(answer).then((bytes) => resolve({ status: answer.statusCode, headers: answer.headers, body: bytes }), reject));
    asked.on('error', reject);
    asked.end(body);
  });
}

export async function read(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

export const say = (line) => console.log(JSON.stringify(line));
