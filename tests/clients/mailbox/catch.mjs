// Takes every mail for anybody, delivers none, and shows them on a page: for demonstrations only. In memory, the last 200.
// SMTP (RFC 5321), as much of it as a sender needs, on SMTP_PORT; the page and /mails.json on HTTP_PORT.

import http from 'node:http';
import net from 'node:net';

const { SMTP_PORT = '2525', HTTP_PORT = '8080' } = process.env;
const mails = [];
const maxMailBytes = 1024 * 1024;

const smtp = net.createServer((socket) => {
  let waiting = '';
  let mail; // while DATA is under way
  const say = (line) => socket.write(`${line}\r\n`);
  const replies = {
    EHLO: '250 mailbox', HELO: '250 mailbox', MAIL: '250 OK', RCPT: '250 OK', RSET: '250 OK', NOOP: '250 OK', DATA: '354 End with a dot', QUIT: '221 Bye',
  };
  const hear = (line) => {
    if (mail === undefined) {
      const verb = line.slice(0, 4).toUpperCase();
      say(replies[verb] ?? '502 Not here');
      if (verb === 'DATA') mail = [];
      if (verb === 'QUIT') socket.end();
    } else if (line === '.') {
      mails.unshift(read(mail));
      mails.length = Math.min(mails.length, 200);
      mail = undefined;
      say('250 OK');
    } else {
      mail.push(line.startsWith('.') ? line.slice(1) : line);
    }
  };
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    waiting += chunk;
    if (waiting.length > maxMailBytes) return socket.destroy();
    const lines = waiting.split('\r\n');
    waiting = lines.pop();
    lines.forEach(hear);
  });
  socket.on('error', () => socket.destroy());
  say('220 mailbox');
});

const read = (lines) => {
  const end = lines.indexOf('');
  const headers = Object.fromEntries(
    lines.slice(0, end).join('\n').replace(/\n[ \t]+/g, ' ').split('\n').map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { to: headers.to, subject: headers.subject, listUnsubscribe: headers['list-unsubscribe'], listUnsubscribePost: headers['list-unsubscribe-post'], text: lines.slice(end + 1).join('\n') };
};

const escape = (text) => String(text ?? '').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const linkOf = (mail) => /^<(https?:[^>]+)>$/.exec(mail.listUnsubscribe ?? '')?.[1];
const row = (mail) =>
  `<article><h2>${escape(mail.subject)}</h2><p>to ${escape(mail.to)}</p><pre>${escape(mail.text)}</pre>${linkOf(mail) ? `<a href="${escape(linkOf(mail))}">Unsubscribe</a>` : ''}</article>`;

const page = http.createServer((request, response) => {
  const json = request.url === '/mails.json';
  response.writeHead(200, { 'Content-Type': json ? 'application/json' : 'text/html; charset=utf-8', 'Content-Security-Policy': "default-src 'none'" });
  response.end(json ? JSON.stringify(mails) : `<!doctype html><html lang="en"><title>Mailbox</title><h1>${mails.length} mails</h1>${mails.map(row).join('')}`);
});

smtp.listen(Number(SMTP_PORT));
page.listen(Number(HTTP_PORT));
process.once('SIGTERM', () => process.exit(0));
